"""The tracing header, `Root=…;Parent=…;Sampled=…`, and the ids in it."""

import re
import secrets
import time
from dataclasses import dataclass, replace
from typing import Self

_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_PARENT = re.compile(r"[0-9a-f]{16}")
_DECISIONS = {"0": False, "1": True}


@dataclass(frozen=True)
class TraceHeader:
    """What one service hands to the next: the trace, who calls, and whether to record it.

    `sampled` is None where nobody has decided yet; the first service that traces does.
    """

    root: str
    parent: str = ""
    sampled: bool | None = None

    @classmethod
    def begin(cls, *, sampled: bool | None = None) -> Self:
        """Begin a new trace."""
        return cls(f"1-{int(time.time()):08x}-{secrets.token_hex(12)}", sampled=sampled)

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read a header; None if it names no trace. Members that are not known are left out."""
        pairs = (part.strip().partition("=") for part in (text or "").split(";"))
        members = {name: value for name, _, value in pairs}
        if not _ROOT.fullmatch(members.get("Root", "")):
            return None
        parent = members.get("Parent", "")
        return cls(
            members["Root"],
            parent if _PARENT.fullmatch(parent) else "",
            _DECISIONS.get(members.get("Sampled", "")),
        )

    def decided(self) -> Self:
        """Sample the trace unless somebody decided already: locally, everything is recorded."""
        return self if self.sampled is not None else replace(self, sampled=True)

    def below(self, parent: str) -> Self:
        """Make the header of what the segment `parent` calls."""
        return replace(self, parent=parent)

    def __str__(self) -> str:
        decision = "" if self.sampled is None else f"Sampled={int(self.sampled)}"
        parent = f"Parent={self.parent}" if self.parent else ""
        return ";".join(filter(None, [f"Root={self.root}", parent, decision]))


def new_segment_id() -> str:
    """Make the id of a segment or subsegment: 16 hexadecimal digits."""
    return secrets.token_hex(8)
