"""Settings come from the environment, or all gaps are told at once."""

from dataclasses import dataclass

import pytest

from pipeline.errors import SettingsMissing
from pipeline.settings import from_env


@dataclass(frozen=True)
class Sample:
    queue_url: str
    window_seconds: int
    label: str = "none"


def test_fields_are_filled_from_upper_case_names() -> None:
    assert from_env(Sample, {"QUEUE_URL": "u", "WINDOW_SECONDS": "5"}) == Sample("u", 5)


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsMissing, match="QUEUE_URL is not set, WINDOW_SECONDS is not set"):
        from_env(Sample, {})


def test_an_empty_variable_counts_as_missing() -> None:
    with pytest.raises(SettingsMissing, match="QUEUE_URL"):
        from_env(Sample, {"QUEUE_URL": "", "WINDOW_SECONDS": "5"})


def test_a_number_that_is_none_is_named() -> None:
    with pytest.raises(SettingsMissing, match="WINDOW_SECONDS must be a whole number"):
        from_env(Sample, {"QUEUE_URL": "u", "WINDOW_SECONDS": "soon"})
