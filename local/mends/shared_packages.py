"""A function's package and its layers are unpacked once, whatever number of environments runs them.

AWS mounts what was deployed, read-only. Stock ministack unpacks code and layers anew for each
environment that it starts: of this project some 2,300 files, which take longer than all the rest.
"""

import tempfile
import threading
import zipfile
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Self

from ministack.core import lambda_runtime

from local.mends.seams import seam

seam(__name__, lambda_runtime, "zipfile")

_unpacking = threading.Lock()


def apply() -> None:
    """Have ministack's workers link to a folder that they share, where they unpack an archive."""
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=_SharedPackage,
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,  # as it is called there
    )


class _SharedPackage:
    """Stands in for a ZipFile that is to be unpacked whole, into a folder that is empty."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        digest = sha256(self._path.read_bytes()).hexdigest()
        self._unpacked = Path(tempfile.gettempdir(), f"package-{digest}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink()

    def namelist(self) -> list[str]:
        """Name what is to be unpacked, which ministack looks at for names that lead elsewhere."""
        if self._unpacked.exists():
            return []
        with zipfile.ZipFile(self._path) as archive:
            return archive.namelist()

    def extractall(self, folder: str) -> None:
        with _unpacking:
            if not self._unpacked.exists():
                self._unpack()
        # What it holds stays when the worker's own folder goes: of a link only the link does.
        Path(folder).rmdir()
        Path(folder).symlink_to(self._unpacked)

    def _unpack(self) -> None:
        part = Path(tempfile.mkdtemp(prefix="unpacking-"))
        with zipfile.ZipFile(self._path) as archive:
            archive.extractall(part)
        part.rename(self._unpacked)  # there whole, or not at all
