"""Which patterns match as on Redshift, and which are refused because RE2 would match otherwise."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.dialect.regular_expressions import read_posix, read_similar_to
from local.redshift_data.errors import NotEmulated, StatementError
from local.redshift_data.testing import Warehouse, running


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("a.c", "a.c"),
        (r"\d+\.\w", "[[:digit:]]+\\.[[:word:]]"),
        (r"\S", "[^[:space:]]"),
        ("[^a-c[:space:]]", "[^a-c[:space:]]"),
        ("[]x]", "[\\]x]"),
        ("x{2,3}|(yz)?", "x{2,3}|(yz)?"),
    ],
)
def test_a_posix_pattern_is_written_for_re2(pattern: str, written: str) -> None:
    assert read_posix(pattern).pattern == written


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?:a)", "(?i)a", "a+?", "a**", r"\Aa", r"(a)\1", r"[\d]", "[[:word:]]", "[[=a=]]",
     "a{1001}", "{2}", "*a", "a{x}"],
)  # fmt: skip
def test_a_pattern_that_re2_reads_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(NotEmulated):
        read_posix(pattern)


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?<!a)b", r"(a)\1", "a++", "(?>a)", r"\K", "(?P<n>a)"]
)
def test_what_only_perl_has_is_refused(pattern: str) -> None:
    with pytest.raises(NotEmulated):
        read_posix(pattern, perl=True)


def test_perl_s_own_syntax_needs_the_parameter_p() -> None:
    assert read_posix(r"(?:a+?[\d\s]\b)", perl=True).pattern == r"(?:a+?[[:digit:][:space:]]\b)"


@pytest.mark.parametrize("pattern", ["(a", "a)", "[a", "a\\"])
def test_a_pattern_that_does_not_end_is_an_error(pattern: str) -> None:
    with pytest.raises(StatementError, match="invalid regular expression"):
        read_posix(pattern)


@pytest.mark.parametrize(
    ("pattern", "open_to_order"),
    [("(org|edu)", False), ("er|re", False), ("a|ab", True), ("(a.|b)", True), ("a?b", False)],
)
def test_alternatives_that_may_both_match_are_noticed(pattern: str, *, open_to_order: bool) -> None:
    assert read_posix(pattern).longest_counts is open_to_order


def test_similar_to_has_wildcards_and_an_escape() -> None:
    assert read_similar_to("%a_", "\\").pattern == ".*a."
    assert read_similar_to("1.5^%[a_]", "^").pattern == r"1\.5%[a_]"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'É' ILIKE 'é'", False),
        ("'ABC' ILIKE 'a_c'", True),
        ("'a%c' LIKE 'a^%c' ESCAPE '^'", True),
        ("'abc' NOT LIKE 'a%'", False),
        ("'abc' NOT SIMILAR TO 'a'", True),
        ("'a' || CHR(10) || 'b' SIMILAR TO 'a%b'", True),
        ("'a' || CHR(10) || 'b' LIKE 'a_b'", True),
        ("REGEXP_COUNT('aXbxc', 'x', 1, 'i')", 2),
        ("REGEXP_COUNT('abcabc', 'abc', 2)", 1),
        ("REGEXP_COUNT('abc', 'a', 9)", 0),
        ("REGEXP_INSTR('éabab', 'ab', 1, 2)", 4),
        ("REGEXP_INSTR('abab', 'ab', 2)", 3),
        ("REGEXP_INSTR('abab', 'ab', 1, 3)", 0),
        ("REGEXP_SUBSTR('a1b22', '[0-9]+', 1, 2)", "22"),
        ("REGEXP_SUBSTR('a1b22', '[0-9]+', 3)", "22"),
        ("REGEXP_SUBSTR('a1', '([a-z])[0-9]', 1, 1, 'e')", "a"),
        ("REGEXP_SUBSTR('a1', '[0-9]', 1, 0)", ""),
        ("REGEXP_REPLACE('a1b2', '[0-9]')", "ab"),
        ("REGEXP_REPLACE('a1b2', '[0-9]', 'x', 3)", "a1bx"),
        ("REGEXP_REPLACE('a1b2', '[0-9]', 'x', 9)", "a1b2"),
        ("REGEXP_REPLACE('a', NULL, 'x')", None),
        ("REGEXP_REPLACE('a', 'a', NULL)", None),
    ],
)
def test_a_pattern_finds_what_it_should(
    warehouse: Warehouse, expression: str, expected: Any
) -> None:
    assert warehouse.value(f"SELECT {expression}") == expected


@pytest.mark.parametrize(
    "expression",
    [
        "'a' ~* 'A'",
        "'a' || CHR(10) || 'b' ~ 'a.b'",
        "REGEXP_SUBSTR('abc', 'a|ab')",
        "REGEXP_COUNT('abc', 'x*')",
        "REGEXP_REPLACE('abc', 'b', '$1')",
        "REGEXP_INSTR('abc', '(b)', 1, 1, 0, 'e')",
        "REGEXP_COUNT('abc', '^a', 2)",
        "REGEXP_COUNT('abc', 'a', 1, 'ci')",
        "'ab' LIKE CAST('ab' AS CHAR(3))",
        "'ab' LIKE 'a' ESCAPE ''",
    ],
)
def test_a_search_that_might_differ_is_refused(warehouse: Warehouse, expression: str) -> None:
    assert warehouse.error(f"SELECT {expression}").startswith("ERROR: not emulated locally: ")
