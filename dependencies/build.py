"""Builds the layer's content: the pinned packages, slim, with bytecode that needs no check.

Usage: python3.13 build.py REQUIREMENTS FOLDER, by the Python that the template names as runtime:
bytecode is of use to that version only.
"""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

# The services that the functions call. botocore brings the descriptions of over four hundred.
SERVICES = frozenset(
    {
        "dynamodb",
        "events",
        "redshift-data",
        "redshift-serverless",
        "s3",
        "secretsmanager",
        "sqs",
        "stepfunctions",
    }
)
# Parts of packages that no function imports.
UNUSED = (
    "aws_lambda_powertools/event_handler",  # API Gateway routes already; it brings Swagger's page
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/data_classes",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/parser",
    "boto3/data",  # boto3's resources; clients are used throughout
    "boto3/examples",
    "dateutil/zoneinfo",  # Python's own zoneinfo is used
)
ON_LAMBDA = "/opt/python"  # where Lambda puts it: tracebacks name files as they are there


def main(requirements: Path, folder: Path) -> None:
    """Fill the folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    install(requirements, folder)
    slim(folder)
    precompile(folder)


def install(requirements: Path, folder: Path) -> None:
    """Install exactly what is pinned, in pure Python: one layer serves both architectures."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    pinned = ["--require-hashes", "--no-deps", "--requirement", str(requirements)]
    pure = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]
    target = ["--python-version", version, "--target", str(folder), "--no-compile"]
    quiet = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run([*pip, "install", *pinned, *pure, *target], check=True, env=quiet)


def slim(folder: Path) -> None:
    """Remove what no function reads."""
    for description in (folder / "botocore/data").iterdir():
        if description.is_dir() and description.name not in SERVICES:
            shutil.rmtree(description)
    for name in UNUSED:
        shutil.rmtree(folder / name)
    shutil.rmtree(folder / "bin", ignore_errors=True)


def precompile(folder: Path) -> None:
    """Add bytecode. Its hash is never checked: times get lost on the way, sources do not change."""
    done = compileall.compile_dir(
        folder,
        quiet=1,
        stripdir=str(folder),
        prependdir=ON_LAMBDA,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        sys.exit("some packages could not be compiled; see above")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
