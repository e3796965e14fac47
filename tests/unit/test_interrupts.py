"""An interrupt ends what it should end, also where Python drops the exception."""

import io
import os
import signal
import time

import pytest

from local.interrupts import interruptible


class Deaf(io.RawIOBase):
    """A file during whose finalization an interrupt comes."""

    def close(self) -> None:
        if not self.closed:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)  # it comes no later
        super().close()


def interrupt(number: signal.Signals, then_sleep: float) -> None:
    os.kill(os.getpid(), number)
    time.sleep(then_sleep)


def drop_an_interrupt(then_sleep: float) -> None:
    file = Deaf()
    del file
    time.sleep(then_sleep)


def test_python_drops_an_interrupt_that_comes_while_a_file_is_finalized() -> None:
    came = []

    def raise_it(*_: object) -> None:
        came.append(True)
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGINT, raise_it)
    try:
        drop_an_interrupt(then_sleep=0.2)
    except KeyboardInterrupt:
        pytest.fail("Python drops it no longer")
    finally:
        signal.signal(signal.SIGINT, former)
    assert came == [True]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_heard_at_once(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible(again_seconds=60):
        interrupt(number, then_sleep=60)


def test_one_that_python_dropped_comes_again() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible(again_seconds=0.1):
        drop_an_interrupt(then_sleep=60)


def test_none_comes_after_the_block_and_the_handlers_are_those_of_before() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with pytest.raises(KeyboardInterrupt), interruptible(again_seconds=0.05):
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    assert [signal.getsignal(number) for number in numbers] == before


def test_what_the_process_should_ignore_stays_ignored() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
    finally:
        signal.signal(signal.SIGINT, former)
