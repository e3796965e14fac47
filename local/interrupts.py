"""An interrupt that is heard, even where Python drops it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 2.0


@contextmanager
def interruptible(again_seconds: float = _AGAIN_SECONDS) -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGINT or SIGTERM, and again until it ends the block.

    Python drops whatever is raised while it finalizes a file or an HTTP response, and a deployment
    drops hundreds of them: one interrupt alone may never come out. A signal that this process was
    told to ignore stays ignored. Only the main thread may call it.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, again_seconds)
        raise KeyboardInterrupt

    former = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    former[signal.SIGALRM] = signal.getsignal(signal.SIGALRM)
    for number in former:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in former.items():
            signal.signal(number, handler)
