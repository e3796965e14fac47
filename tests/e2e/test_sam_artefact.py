"""What `sam build` leaves: only what runs, with bytecode for the runtime, small and quick to load."""

import ast
import io
import re
import zipfile
from pathlib import Path

import pytest

from benchmarks.cold_start import Build, NotMeasurable
from tests.e2e.sam_project import SamProject

ROOT = Path(__file__).parents[2]
# Bytes, packed as `sam deploy` packs. Half of the functions' are bytecode, which packs badly and
# saves each cold start the compiling of some sixty modules.
FUNCTION_BUDGET = 800_000
LAYER_BUDGET = 5_000_000
# Instructions of a handler's import, compared with boto3 and the clients that it creates.
COLD_START = 1.2
UNCHECKED_HASH = 1  # what the flags of such bytecode say
# The heaviest; `make bench` has all, at ten seconds each and more.
HEAVIEST = ("receive.request", "serve.events")


@pytest.fixture(scope="module")
def artefacts(sam_project: SamProject) -> Path:
    return sam_project.folder / ".aws-sam/build"


@pytest.fixture(scope="module")
def functions(artefacts: Path) -> list[Path]:
    return sorted(artefacts.glob("*Function"))


@pytest.fixture(scope="module")
def layer(artefacts: Path) -> Path:
    return artefacts / "DependenciesLayer"


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def packed(folder: Path) -> int:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, content in contents(folder).items():
            writer.writestr(name, content)
    return len(archive.getvalue())


def without_bytecode(folder: Path, magic: bytes) -> list[str]:
    """Sources that the runtime would have to compile at each cold start, or to check."""
    wanting = []
    for source in sorted(folder.rglob("*.py")):
        compiled = source.parent / f"__pycache__/{source.stem}.cpython-313.pyc"
        head = compiled.read_bytes()[:8] if compiled.exists() else b""
        if head != magic + UNCHECKED_HASH.to_bytes(4, "little"):
            wanting.append(source.relative_to(folder).as_posix())
    return wanting


@pytest.fixture(scope="module")
def build(artefacts: Path) -> Build:
    return Build.in_folder(artefacts)


def test_every_function_is_the_same_source(functions: list[Path]) -> None:
    assert len(functions) > 1
    first, *others = (contents(folder) for folder in functions)
    assert all(other == first for other in others)


def test_a_function_holds_the_source_and_nothing_else(functions: list[Path]) -> None:
    held = {name for name in contents(functions[0]) if not name.endswith(".pyc")}
    source = ROOT / "src"
    wanted = {
        name
        for name in contents(source)
        if name.startswith("pipeline/") and "__pycache__" not in name
    }
    assert held == wanted


def test_bytecode_is_for_the_runtime_and_needs_no_check(
    functions: list[Path], layer: Path, runtime_magic: bytes
) -> None:
    assert without_bytecode(functions[0], runtime_magic) == []
    assert without_bytecode(layer / "python", runtime_magic) == []


@pytest.fixture(scope="module")
def runtime_magic(build: Build) -> bytes:
    program = "import importlib.util; print(importlib.util.MAGIC_NUMBER.hex())"
    return bytes.fromhex(build.print(program))


def test_no_bytecode_is_left_over_from_another_python(functions: list[Path], layer: Path) -> None:
    compiled = {name for folder in (functions[0], layer) for name in contents(folder)}
    tags = {name.split(".")[-2] for name in compiled if name.endswith(".pyc")}
    assert tags == {"cpython-313"}


def test_the_layer_runs_on_both_architectures(layer: Path) -> None:
    binary = [name for name, content in contents(layer).items() if content[:4] == b"\x7fELF"]
    assert binary == []


def test_the_layer_describes_the_services_that_are_called_and_no_other(layer: Path) -> None:
    described = {path.name for path in (layer / "python/botocore/data").iterdir() if path.is_dir()}
    assert described == called()


def called() -> set[str]:
    """Services that the source creates clients of, by name."""
    services = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "boto3.client":
                [name] = node.args
                assert isinstance(name, ast.Constant), path
                services.add(str(name.value))
    return services


def test_every_handler_can_be_loaded_with_its_clients(build: Build) -> None:
    created = {service for function in build.functions for service, _ in build.clients_of(function)}
    assert created == called()


def test_licences_go_with_the_packages(layer: Path) -> None:
    pinned = re.findall(
        r"^([\w-]+)==", (ROOT / "dependencies/requirements.txt").read_text(), re.MULTILINE
    )
    told = {path.name.split("-")[0] for path in (layer / "python").glob("*.dist-info")}
    assert {name.replace("-", "_") for name in pinned} == told


def test_what_is_uploaded_is_small(functions: list[Path], layer: Path) -> None:
    assert packed(functions[0]) <= FUNCTION_BUDGET
    assert packed(layer) <= LAYER_BUDGET


@pytest.mark.slow
@pytest.mark.parametrize("module", HEAVIEST)
def test_a_cold_start_costs_little_more_than_the_sdk(build: Build, module: str) -> None:
    [function] = [one for one in build.functions if one.module == f"pipeline.{module}"]
    try:
        ratio = build.ratio(function)
    except NotMeasurable as missing:
        pytest.skip(str(missing))
    assert ratio <= COLD_START
