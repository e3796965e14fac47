"""The server's command line: what can be set, and what each flag sets."""

import sys
from dataclasses import fields
from pathlib import Path

import pytest

from local.redshift_data.__main__ import _arguments, _settings
from local.redshift_data.limits import Limits, Retention
from local.redshift_data.settings import Settings


def settings_of(monkeypatch: pytest.MonkeyPatch, *flags: str) -> Settings:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EVENTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["server", "--port", "0", "--data", "folder", *flags])
    arguments = _arguments()
    assert arguments.data == Path("folder")
    return _settings(arguments)


def test_every_quota_holds_unless_its_flag_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_of(monkeypatch).limits == Limits()
    for field in fields(Limits):
        flag = f"--no-limit-{field.name.replace('_', '-')}"
        off = settings_of(monkeypatch, flag).limits
        assert off == Limits(**{field.name: False})


def test_memory_is_bounded_by_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ("--memory-mb", "5", "--retained-statements", "7", "--database-memory-mb", "100")
    settings = settings_of(monkeypatch, *flags)
    assert settings.retention == Retention(5 * 1024 * 1024, 7)
    assert settings.database_megabytes == 100
    assert settings_of(monkeypatch).retention == Retention()


def test_roles_are_named_by_access_key(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, "--role", "key-1=Loader", "--role", "key-2=Reader")
    assert settings.roles == {"key-1": "Loader", "key-2": "Reader"}
    assert settings_of(monkeypatch).roles == {}


@pytest.mark.parametrize("flags", [("--role", "key"), ("--memory-mb", "0"), ("--role", "=Loader")])
def test_what_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit):
        settings_of(monkeypatch, *flags)
    assert flags[0] in capsys.readouterr().err
    # What stands in the help must be printable.
    with pytest.raises(SystemExit):
        settings_of(monkeypatch, "--help")
    assert "--events-endpoint" in capsys.readouterr().out


def test_an_event_bus_is_found_as_boto3_finds_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert settings_of(monkeypatch).events is None
    monkeypatch.setattr(sys, "argv", ["server", "--port", "0", "--data", "folder"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    events = _settings(_arguments()).events
    assert events
    events.close()
