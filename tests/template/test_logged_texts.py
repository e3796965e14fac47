"""Texts that runbook and saved queries look for in logs are texts that the code logs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
SOUGHT = re.findall(r"""logs '"([^"]+)"'""", RUNBOOK)


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """All texts of the code that say something: no docstrings."""
    return {
        text
        for path in (ROOT / "src/pipeline").rglob("*.py")
        for text in texts_of(ast.parse(path.read_text(encoding="utf-8")))
    }


def texts_of(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            if not isinstance(node, ast.Expr):
                yield child.value
        else:
            yield from texts_of(child)


def test_the_runbook_looks_for_texts() -> None:
    assert RUNBOOK.count("`logs '") == len(SOUGHT) >= 7


@pytest.mark.parametrize("sought", sorted({*SOUGHT}))
def test_what_the_runbook_looks_for_is_logged(texts: set[str], sought: str) -> None:
    assert any(sought in text for text in texts)


def test_messages_of_saved_queries_are_logged(template: dict[str, Any], texts: set[str]) -> None:
    queries = [
        one["Properties"]["QueryString"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::Logs::QueryDefinition"
    ]
    messages = {text for query in queries for text in re.findall(r'message = "([^"]+)"', query)}
    assert len(messages) >= 3
    assert messages <= texts
