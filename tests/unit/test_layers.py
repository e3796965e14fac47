"""Imports point one way, and each handler loads only what it may."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
STAGES = {"receive", "stage", "prepare", "load", "serve", "watch"}
KNOW_BOTO3 = {
    "brief", "lake", "queue", "bus", "workflow", "warehouse", "shared_table", "secret", "usage_limit",
    "tracing",
}  # fmt: skip
KNOW_POWERTOOLS = {"telemetry", "log_lines", "tracing"}
# The parts of serve/ in their order: each may import those before it. The handlers see all of them.
READER = ("asking", "querying", "telling", "describing", "desk", "exporting")
MODULES = sorted((SOURCE / "pipeline").rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "pipeline":
                yield from (f"pipeline.{alias.name}" for alias in node.names)


def place_of(path: Path) -> str:
    return path.relative_to(SOURCE / "pipeline").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    place = place_of(path)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "pipeline" or len(parts) == 1:
            continue
        allowed = parts[1] not in STAGES or parts[1] == place
        assert allowed, f"{place} may not import {name}"


@pytest.mark.parametrize("part", READER)
def test_the_reader_is_layered(part: str) -> None:
    later = READER[READER.index(part) + 1 :]
    folder = SOURCE / "pipeline/serve" / part
    imported = {name for path in folder.rglob("*.py") for name in imports_of(path)}
    parts = {name.split(".")[2] for name in imported if name.startswith("pipeline.serve.")}
    assert parts <= set(READER), "a handler is imported"
    assert not parts & set(later)


def test_all_parts_of_the_reader_are_ordered() -> None:
    folders = {path.parent.name for path in (SOURCE / "pipeline/serve").glob("*/__init__.py")}
    assert folders == set(READER)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_the_base_knows_boto3(path: Path) -> None:
    if place_of(path) not in KNOW_BOTO3:
        assert not {"boto3", "botocore"} & {name.split(".")[0] for name in imports_of(path)}


def pure_modules() -> list[str]:
    names = []
    for path in MODULES:
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        imported = set(imports_of(path))
        needs = {f"pipeline.{base}" for base in (*KNOW_BOTO3, *KNOW_POWERTOOLS)}
        if not imported & needs and place_of(path) not in {*KNOW_BOTO3, *KNOW_POWERTOOLS}:
            names.append(name.removesuffix(".__init__"))
    return names


def test_pure_modules_never_load_boto3() -> None:
    program = (
        f"import sys\nfor name in {pure_modules()!r}: __import__(name)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'boto3', 'botocore', 'aws_xray_sdk', 'aws_lambda_powertools', 'requests', 'asyncio'}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    run = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
