"""The daemon that the X-Ray SDK sends segments to: UDP, a header line and a document."""

import logging
import socket
import threading

from local.xray.document import InvalidSegment, parse
from local.xray.store import TraceStore

logger = logging.getLogger(__name__)

_LARGEST_DATAGRAM = 65_535
_BUFFER_BYTES = 4 * 1024 * 1024  # so that a burst is not lost while Python does something else


class Daemon:
    """Takes segments on a free port of `host` until it is closed."""

    def __init__(self, host: str, store: TraceStore) -> None:
        self._store = store
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind((host, 0))
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="xray-daemon")
        self._thread.start()

    def close(self) -> None:
        """Stop listening; an empty datagram wakes the thread."""
        self._closed = True
        host, _, port = self.address.partition(":")
        self._socket.sendto(b"", (host, int(port)))
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            datagram = self._socket.recv(_LARGEST_DATAGRAM)
            if self._closed:
                return
            self._take(datagram)

    def _take(self, datagram: bytes) -> None:
        """Keep the document of one datagram; whoever sent it awaits no answer."""
        _, _, document = datagram.partition(b"\n")
        try:
            text = document.decode()
            self._store.put(parse(text), text)
        except (UnicodeDecodeError, InvalidSegment) as error:
            logger.warning("X-Ray refuses a segment: %s", error)
