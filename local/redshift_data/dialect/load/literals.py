"""String literals of COPY and UNLOAD, where a backslash stands for a character."""

import re

from local.redshift_data.dialect.words import Words

_ESCAPES = {"t": b"\t", "n": b"\n", "r": b"\r", "b": b"\b", "f": b"\f", "v": b"\v"}
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|0|\\|[tnrbfv])")


def read_characters(words: Words) -> str:
    """Read a literal, in which a backslash and three octal digits are a byte."""
    return unescaped(words.raw_string())


def unescaped(text: str) -> str:
    """Return what a literal's text stands for."""

    def character(found: re.Match[str]) -> bytes:
        code = found[1]
        if code.isdigit():
            return bytes([int(code, 8)])
        return _ESCAPES.get(code, b"\\")

    pieces, at = list[bytes](), 0
    for found in _ESCAPE.finditer(text):
        pieces += [text[at : found.start()].encode(), character(found)]
        at = found.end()
    return b"".join([*pieces, text[at:].encode()]).decode(errors="replace")
