"""The page's files, and the policy that holds it to them."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from local.processes import PROJECT

FOLDER = Path(__file__).parent
# Colours, controls, the theme and the way of writing numbers are the dashboard's own.
DASHBOARD = PROJECT / "src/pipeline/serve/describing/page"
SHARED = ("page.css", "format.js", "theme.js")
NAMED = re.compile(r'(?:href|src)="([\w-]+\.(?:css|js))"')
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
DIRECTIVES = {
    "default-src": "'none'",
    "connect-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
POLICY = "; ".join(f"{name} {value}" for name, value in DIRECTIVES.items())


class File(NamedTuple):
    """A file as it is sent."""

    content_type: str
    body: bytes


@cache
def files() -> dict[str, File]:
    """Return what can be fetched, by its path: the page as `/`, and what the page names."""
    index = FOLDER / "index.html"
    named = NAMED.findall(index.read_text(encoding="utf-8"))
    return {"/": _read(index), **{f"/{name}": _read(_place_of(name)) for name in named}}


def _place_of(name: str) -> Path:
    return (DASHBOARD if name in SHARED else FOLDER) / name


def _read(path: Path) -> File:
    return File(f"{TYPES[path.suffix]}; charset=utf-8", path.read_bytes())
