"""Setting up either works or says in a sentence why not."""

import hashlib
import sys
from pathlib import Path

import pytest

from local import bootstrap


def test_an_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))
    told = bootstrap.main(tmp_path, tmp_path / "none.txt")
    assert told.startswith("Python 3.11 or newer is needed; this is 3.8.")


def test_what_was_installed_is_not_installed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    requirements = tmp_path / "some.txt"
    requirements.write_text("nothing")
    stamp = tmp_path / "some.txt.installed"
    stamp.write_text(hashlib.sha256(b"nothing").hexdigest())
    monkeypatch.setattr(bootstrap, "install", lambda *_: "must not be called")
    assert not bootstrap.main(tmp_path, requirements)


def test_a_changed_list_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    requirements = tmp_path / "some.txt"
    requirements.write_text("something new")
    (tmp_path / "some.txt.installed").write_text("of another list")
    monkeypatch.setattr(bootstrap, "create", lambda _: "")
    monkeypatch.setattr(bootstrap, "install", lambda *_: "called")
    assert bootstrap.main(tmp_path, requirements) == "called"


@pytest.mark.parametrize(
    ("errors", "sentence"),
    [
        (
            "WARNING: Retrying\nERROR: No matching distribution found for duckdb==2.0.0",
            "The package registry could not be reached, or lacks a package. pip said: ERROR: No",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "Installing the packages failed."),
        ("Connection refused", "The package registry could not be reached"),
    ],
)
def test_pip_is_explained(errors: str, sentence: str) -> None:
    assert bootstrap.explain(errors).startswith(sentence)
