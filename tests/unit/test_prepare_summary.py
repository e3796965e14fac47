"""What a batch came to, and that it stays small."""

from typing import Any

from pipeline.catalogue import load_catalogue
from pipeline.lake import facts_key
from pipeline.prepare.steps import Pointer, Step, encode
from pipeline.prepare.summary import measured, report_of, summed_up

CATALOGUE = load_catalogue()
POINTER: Pointer = {
    "batch_id": "b" * 64,
    "bucket": "lake",
    "key": "steps/x/detected.jsonl.gz",
    "rows": 3,
    "received_at": "2013-01-09T16:00:00.000000Z",
}


def departure(n: int, delay: int, excess: float | None = None) -> Step:
    facts: dict[str, Any] = {"event_key": f"{n:064}", "time": "2013-01-09T14:00:00Z"}
    facts["dep_delay"] = delay
    if excess is None:
        return Step("flight.departed", facts)
    facts["anomalies"] = "dep_delay>180"
    worst = {"measure": "dep_delay", "value": delay, "excess": excess}
    return Step("flight.departed", facts, worst)


def report(*steps: Step) -> dict[str, Any]:
    return report_of(POINTER, *summed_up([step.line() for step in steps], CATALOGUE), facts_key)


def test_measures_are_summed_up_per_type() -> None:
    made = report(departure(1, 10), departure(2, 20), departure(3, 300, 0.67))
    assert made["summary"] == {
        "flight.departed": {
            "events": 3,
            "anomalies": 1,
            "measures": {"dep_delay": {"min": 10, "mean": 110.0, "max": 300}},
        }
    }


def test_each_type_has_one_facts_object() -> None:
    made = report(departure(1, 10), Step("page.viewed", {"event_key": "p"}), departure(2, 20))
    day = "date=2013-01-09"
    assert made["facts"] == [
        {
            "type": "flight.departed",
            "key": f"facts/type=flight.departed/{day}/{'b' * 64}.jsonl.gz",
            "rows": 2,
        },
        {
            "type": "page.viewed",
            "key": f"facts/type=page.viewed/{day}/{'b' * 64}.jsonl.gz",
            "rows": 1,
        },
    ]


def test_a_batch_without_facts_says_so() -> None:
    made = report_of(POINTER, *summed_up([b""], CATALOGUE), facts_key)
    assert (made["facts"], made["summary"], made["unusual"]) == ([], {}, [])


def test_what_is_unusual_is_told_with_measure_value_and_unit() -> None:
    assert report(departure(7, 300, 0.67))["unusual"] == [
        {
            "type": "flight.departed",
            "time": "2013-01-09T14:00:00Z",
            "event_key": f"{7:064}",
            "measure": "dep_delay",
            "value": 300,
            "unit": "minutes",
            "anomalies": "dep_delay>180",
        }
    ]


def test_the_ten_worst_are_shown_worst_first() -> None:
    made = report(*(departure(n, 200 + n, excess=n) for n in range(15)))
    assert [event["value"] for event in made["unusual"]] == list(range(214, 204, -1))


def test_facts_lines_hold_facts_only() -> None:
    shares, _ = summed_up([departure(1, 300, 0.67).line()], CATALOGUE)
    (line,) = shares["flight.departed"].lines
    assert line == encode(departure(1, 300, 0.67).facts).encode()


def test_a_mean_does_not_overflow() -> None:
    assert measured([1e308, 1e308])["mean"] == 1e308


def test_a_report_stays_small_whatever_the_batch() -> None:
    steps = []
    for n in range(60):
        facts = {"event_key": f"{n:064}", "time": "2013-01-09T14:00:00Z", "anomalies": "m" * 900}
        measures = {column.name: 1.23456789e-5 for column in CATALOGUE["weather.observed"].measures}
        worst = {"measure": "temp", "value": 1.0, "excess": 1.0}
        steps.append(Step("weather.observed" + "x" * n, {**facts, **measures}, worst).line())
    kinds = {f"weather.observed{'x' * n}": CATALOGUE["weather.observed"] for n in range(60)}
    made = report_of(POINTER, *summed_up(steps, kinds), facts_key)
    assert len(encode(made).encode()) <= 32_000
    assert made["summary"]["weather.observed"]["events"] == 1
