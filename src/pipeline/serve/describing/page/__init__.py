"""The dashboard: one HTML text that carries all it needs, and the policy that holds it to that."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
STYLE = re.compile(r'<link rel="stylesheet" href="([\w.]+)">')
SCRIPT = re.compile(r'<script src="([\w.]+)"></script>')
LICENCE = re.compile(r"<!-- ([\w.]+\.LICENSE) -->")


class Page(NamedTuple):
    """The page, and the value of its Content-Security-Policy header."""

    html: str
    policy: str


@cache
def render() -> Page:
    """Put styles and scripts into index.html, which names them as files.

    The policy allows these texts by their hashes, questions to where the page came from, and
    nothing else; Trusted Types keep texts from becoming markup.
    """
    html = _read("index.html")
    styles = [_read(name) for name in STYLE.findall(html)]
    scripts = [_read(name) for name in SCRIPT.findall(html)]
    html = STYLE.sub(lambda found: f"<style>{_read(found[1])}</style>", html)
    html = SCRIPT.sub(lambda found: f"<script>{_read(found[1])}</script>", html)
    # The licence asks to stand in every copy, and the page that is served is one.
    html = LICENCE.sub(lambda found: f"<!--\n{_read(found[1])}-->", html)
    return Page(html, _policy(styles, scripts))


def _policy(styles: list[str], scripts: list[str]) -> str:
    directives = {
        "default-src": "'none'",
        "connect-src": "'self'",
        "img-src": "data:",
        "script-src": _hashes(scripts),
        "style-src": _hashes(styles),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _hashes(texts: list[str]) -> str:
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
