"""The dashboard's page carries all it needs, and its policy allows that and nothing else."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from pipeline.serve.describing.page import FOLDER, render

PAGE, POLICY = render()
DIRECTIVES = dict(part.split(" ", 1) for part in POLICY.split("; "))
REFERENCE = re.compile(r"""(?:src|href|action)\s*=\s*["']?([^"'\s>]+)|url\(([^)]+)\)|@import""")
VENDORED = re.compile(r"^\| `(uPlot[\w.]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def texts(tag: str) -> list[str]:
    return re.findall(rf"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)


@pytest.mark.parametrize(("tag", "count"), [("style", 2), ("script", 11)])
def test_the_policy_allows_exactly_the_texts_of_the_page(tag: str, count: int) -> None:
    hashes = [
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts(tag)
    ]
    assert len(hashes) == count == PAGE.count(f"<{tag}")
    assert DIRECTIVES[f"{tag}-src"].split() == hashes


def test_the_policy_denies_all_else() -> None:
    assert DIRECTIVES["default-src"] == "'none'"
    assert DIRECTIVES["connect-src"] == "'self'"
    assert DIRECTIVES["img-src"] == "data:"
    for name in ("base-uri", "form-action", "frame-ancestors", "trusted-types"):
        assert DIRECTIVES[name] == "'none'"
    assert "unsafe" not in POLICY


def test_the_page_refers_to_nothing_outside_itself() -> None:
    markup = re.sub(r"<script>.*?</script>|<!--.*?-->", "", PAGE, flags=re.DOTALL)
    references = [found[1] or found[0] for found in REFERENCE.finditer(markup)]
    assert references
    assert all(reference.startswith(("#", "data:")) for reference in references)


def test_the_page_puts_no_data_into_markup() -> None:
    own = "".join(path.read_text() for path in FOLDER.glob("*.js") if "uPlot" not in path.name)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|style=", own)


def test_every_script_is_in_the_page() -> None:
    for path in FOLDER.glob("*.js"):
        assert path.read_text() in PAGE


def test_the_page_is_small() -> None:
    assert len(PAGE.encode()) < 200_000


def test_the_vendored_files_are_those_of_the_readme() -> None:
    listed = dict(VENDORED.findall((FOLDER / "README.md").read_text()))
    assert set(listed) == {path.name for path in FOLDER.glob("uPlot*")}
    for name, digest in listed.items():
        assert sha256((FOLDER / name).read_bytes()).hexdigest() == digest


def test_the_licence_stands_in_the_page() -> None:
    assert (FOLDER / "uPlot.LICENSE").read_text() in PAGE
