"""Lets a cancelled statement end at once while an object store is still answering."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from local.redshift_data.dialect.plans import ObjectStore
from local.redshift_data.errors import StatementAborted

Answer = TypeVar("Answer")


class InterruptibleObjects:
    """An object store whose calls raise StatementAborted as soon as `stop` is called.

    The call itself goes on in its thread until the store answers, and changes nothing here.
    """

    def __init__(self, store: ObjectStore, threads: ThreadPoolExecutor) -> None:
        self._store = store
        self._threads = threads
        self._stopped = Future[None]()

    def stop(self) -> None:
        """Have the calls that wait, and all later ones, raise."""
        if not self._stopped.done():
            self._stopped.set_result(None)

    def list(self, bucket: str, prefix: str) -> Sequence[str]:
        """Return the keys that start with a prefix, in order."""
        return self._call(lambda: self._store.list(bucket, prefix))

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is no such object."""
        return self._call(lambda: self._store.read(bucket, key))

    def write(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object, in place of the one that has its key."""
        self._call(lambda: self._store.write(bucket, key, body))

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object if it is there."""
        self._call(lambda: self._store.delete(bucket, key))

    def _call(self, call: Callable[[], Answer]) -> Answer:
        if self._stopped.done():
            raise StatementAborted
        answer = self._threads.submit(call)
        either: set[Future[Any]] = {answer, self._stopped}
        wait(either, return_when=FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        raise StatementAborted
