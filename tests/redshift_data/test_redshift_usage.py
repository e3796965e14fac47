"""For how many seconds a workgroup is charged."""

from local.redshift_data.usage import Usage


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def run(usage: Usage, watch: Watch, at: float, seconds: float, workgroup: str = "w") -> None:
    watch.now = at
    with usage.running(workgroup):
        watch.now = at + seconds


def test_a_wake_up_costs_a_minute_at_least() -> None:
    usage = Usage(watch := Watch())
    run(usage, watch, 1_000, 1)
    assert usage.charged() == {"w": 60.0}


def test_what_runs_within_the_minute_costs_nothing_more() -> None:
    usage = Usage(watch := Watch())
    run(usage, watch, 1_000, 1)
    run(usage, watch, 1_030, 20)
    assert usage.charged() == {"w": 60.0}


def test_a_long_statement_costs_what_it_takes() -> None:
    usage = Usage(watch := Watch())
    run(usage, watch, 1_000, 90.5)
    assert usage.charged() == {"w": 90.5}


def test_what_runs_beyond_the_minute_counts_by_the_second() -> None:
    usage = Usage(watch := Watch())
    run(usage, watch, 1_000, 1)
    run(usage, watch, 1_050, 25)
    assert usage.charged() == {"w": 75.0}


def test_a_second_wake_up_costs_again() -> None:
    usage = Usage(watch := Watch())
    for at in (1_000, 1_060, 5_000):
        run(usage, watch, at, 1)
    assert usage.charged() == {"w": 180.0}


def test_statements_side_by_side_are_charged_once() -> None:
    usage = Usage(watch := Watch())
    with usage.running("w"):
        run(usage, watch, 1_010, 10)
        run(usage, watch, 1_100, 50)
        watch.now = 1_200
    assert usage.charged() == {"w": 200.0}


def test_what_runs_is_charged_up_to_now() -> None:
    usage = Usage(watch := Watch())
    with usage.running("w"):
        watch.now = 1_090
        assert usage.charged() == {"w": 90.0}
        watch.now = 1_100
    assert usage.charged() == {"w": 100.0}


def test_workgroups_are_charged_apart() -> None:
    usage = Usage(watch := Watch())
    run(usage, watch, 1_000, 1, "a")
    run(usage, watch, 1_000, 100, "b")
    assert usage.charged() == {"a": 60.0, "b": 100.0}
