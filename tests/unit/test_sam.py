"""What SAM's command gets from us: a Region, and for a build the Python of the template."""

from pathlib import Path

import pytest

from local import sam


def test_a_build_finds_the_python_of_the_template_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam, "folder_of", lambda python: Path("/opt") / python)
    environment = sam.environment_of(["build"], {"PATH": "/bin"})
    assert environment["PATH"] == f"/opt/{sam.runtime()}:/bin"


def test_a_build_without_its_python_says_which_one_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sam, "folder_of", lambda _python: None)
    with pytest.raises(sam.PythonMissing, match=sam.runtime()):
        sam.environment_of(["build"], {"PATH": "/bin"})


def test_other_commands_need_no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam, "folder_of", lambda _python: None)
    assert sam.environment_of(["deploy"], {"PATH": "/bin"})["PATH"] == "/bin"


@pytest.mark.parametrize(("given", "used"), [({}, "us-east-1"), ({"AWS_DEFAULT_REGION": "x"}, "x")])
def test_the_region_is_the_users_own_if_there_is_one(given: dict[str, str], used: str) -> None:
    assert sam.environment_of(["validate"], given)["AWS_DEFAULT_REGION"] == used


def test_a_shim_is_no_python(tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / "python3.13"
    shim.write_text("#!/bin/sh\nexit 0\n")
    shim.chmod(0o755)
    assert not sam.runs(shim)
    assert sam.runs(shim.rename(tmp_path / "python3.13"))
