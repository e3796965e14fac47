"""A tracing daemon of a test's own, which keeps what functions tell it."""

import json
import socket
from typing import Any

LOCALHOST = "127.0.0.1"

Document = dict[str, Any]


class Daemon:
    """Keeps what it is sent, as the X-Ray daemon of a machine does."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOCALHOST, 0))
        self._socket.settimeout(0)
        self.address = f"{LOCALHOST}:{self._socket.getsockname()[1]}"

    def take(self) -> list[Document]:
        """Return what has come in; on one machine it is there once its sender has ended."""
        found: list[Document] = []
        while True:
            try:
                datagram = self._socket.recv(65_536)
            except BlockingIOError:
                return found
            found.append(json.loads(datagram.partition(b"\n")[2]))

    def close(self) -> None:
        self._socket.close()
