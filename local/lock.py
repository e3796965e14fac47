"""Resolves requirements/*.in to exact versions with hashes, without addresses of any registry."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGETS = {
    "runtime.in": ROOT / "dependencies/requirements.txt",
    "local.in": ROOT / "requirements/local.txt",
    "test.in": ROOT / "requirements/test.txt",
    "sam.in": ROOT / "requirements/sam.txt",
    "lint.in": ROOT / "requirements/lint.txt",
    "lambda_image.in": ROOT / "requirements/lambda_image.txt",
    "lock.in": ROOT / "requirements/lock.txt",
}
OPTIONS = [
    "--quiet",
    "--generate-hashes",
    "--strip-extras",
    "--allow-unsafe",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
]


def main() -> None:
    """Resolve every file; the runtime first, since the others include it."""
    for source, target in TARGETS.items():
        print(f"{source} → {target.relative_to(ROOT)}")
        command = [sys.executable, "-m", "piptools", "compile", *OPTIONS]
        subprocess.run(
            [*command, source, "--output-file", target], cwd=ROOT / "requirements", check=True
        )


if __name__ == "__main__":
    main()
