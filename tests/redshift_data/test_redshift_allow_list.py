"""Whatever is on an allow-list stands in an example with its documented result."""

import re

import pytest

from local.redshift_data.support import README, allowed, readme_with, tables_of_support
from tests.redshift_data.corpus import examples
from tests.redshift_data.report import REPORT, report

STATEMENTS = " ; ".join(
    sql.upper()
    for example in examples()
    if not example.differs
    for sql in (*example.setup, example.sql)
)
ALLOWED = sorted(allowed())


@pytest.mark.parametrize("name", ALLOWED)
def test_an_allowed_name_has_an_example(name: str) -> None:
    words = r"\s+".join(map(re.escape, name.split()))
    bounded = rf"\b{words}\b" if name[0].isalpha() else words
    assert re.search(bounded, STATEMENTS), f"no passing example has {name}"


def test_the_readme_has_the_tables_of_the_allow_lists() -> None:
    assert README.read_text() == readme_with(tables_of_support())


def test_the_report_has_the_count_of_what_differs() -> None:
    assert REPORT.read_text() == report()
