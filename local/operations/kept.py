"""One answer for all who ask at about the same time, so that more viewers are no more load."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Clock = Callable[[], float]


class Kept(Generic[Answer]):
    """Makes an answer when somebody asks, and gives the same one for `seconds`.

    Whoever asks while it is being made waits for it. A failure is kept as well.
    """

    def __init__(
        self, make: Callable[[], Answer], seconds: float, clock: Clock = time.monotonic
    ) -> None:
        self._make, self._seconds, self._clock = make, seconds, clock
        self._lock = Lock()
        self._until = float("-inf")
        self._outcome: Callable[[], Answer]

    def get(self) -> Answer:
        """Return the answer, or raise what making it raised."""
        with self._lock:
            if self._clock() >= self._until:
                self._outcome = _outcome_of(self._make)
                self._until = self._clock() + self._seconds
            outcome = self._outcome
        return outcome()


class KeptByKey(Generic[Answer]):
    """The same for many questions: the `most` that were asked last are kept."""

    def __init__(
        self,
        make: Callable[[str], Answer],
        seconds: float,
        most: int = 32,
        clock: Clock = time.monotonic,
    ) -> None:
        self._make, self._seconds, self._most, self._clock = make, seconds, most, clock
        self._lock = Lock()
        self._answers: OrderedDict[str, Kept[Answer]] = OrderedDict()

    def get(self, key: str) -> Answer:
        """Return the answer to one question, or raise what making it raised."""
        with self._lock:
            kept = self._answers.pop(key, None) or self._new(key)
            self._answers[key] = kept
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return kept.get()

    def _new(self, key: str) -> Kept[Answer]:
        return Kept(lambda: self._make(key), self._seconds, self._clock)


def _outcome_of(make: Callable[[], Answer]) -> Callable[[], Answer]:
    """Turn making an answer into a function that returns it, or raises the same error again."""
    try:
        answer = make()
    except Exception as failure:  # noqa: BLE001 (whatever it is, each who asks gets it)
        error = failure

        def fail() -> Answer:
            raise error.with_traceback(None)

        return fail
    return lambda: answer
