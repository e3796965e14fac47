"""From X-Ray's answers to summaries, spans and waterfalls."""

from typing import Any

import pytest

from local.operations.spans import Span, note_of, spans_of, status_of
from local.operations.traces import Trace, Tracing, newest_event, quoted, shape_summary
from local.operations.waterfall import MOST_SPANS, Axis, lay_out, merge
from tests import operations_cloud as canned
from tests import operations_flight as flight


def segment(name: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    ended = {"in_progress": True} if end is None else {"end_time": end}
    return {"id": name, "name": name, "start_time": start, **ended, **more}


def span(name: str, start: float, end: float | None, **more: Any) -> Span:
    return Span("t", name, "", name, "", start, end, "ok", **more)


def placed(*segments: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one.name, one.depth) for one in spans_of(Trace("t", segments))]


# --- summaries ----------------------------------------------------------------------------------


def test_the_newest_trace_comes_first() -> None:
    found = Tracing(canned.canned_cloud().client("xray")).latest()
    moments = [one["at"] for one in found]
    assert len(moments) == len(flight.TRACES)
    assert moments == sorted(moments, reverse=True)


def test_a_summary_without_its_beginning_has_the_second_of_its_id() -> None:
    told = shape_summary({"Id": "1-6b0d1515-000000000000000000000000", "HasThrottle": True})
    assert (told["at"], told["status"]) == (0x6B0D1515 * 1000, "throttle")


def test_annotations_are_told_as_sorted_texts() -> None:
    values = [{"AnnotationValue": {"NumberValue": 2}}, {"AnnotationValue": {"StringValue": "1"}}]
    told = shape_summary({"Id": "1-00000001-0", "Annotations": {"batch_id": values}})
    assert told["annotations"] == {"batch_id": ["1", "2"]}


def test_the_newest_event_is_one_that_came_alone() -> None:
    read = {"annotations": {"event_key": ["read"]}}
    many = {"annotations": {"correlation_id": ["a"]}}
    alone = {"annotations": {"correlation_id": ["b"], "event_key": ["alone"]}}
    assert newest_event([read, many, alone]) == "alone"
    assert newest_event([read, many]) is None


def test_traces_are_fetched_five_at_a_time_in_the_order_asked() -> None:
    cloud = canned.canned_cloud()
    ids = [*reversed(flight.TRACES), "1-00000000-000000000000000000000000"]
    found = Tracing(cloud.client("xray")).fetch(ids)
    assert [trace.id for trace in found] == ids[:-1]
    assert [len(asked["TraceIds"]) for _, _, asked in cloud.asked] == [5, 3]


def test_a_value_cannot_leave_its_quotes() -> None:
    assert quoted('a" OR "\\') == '"a\\" OR \\"\\\\"'


# --- spans --------------------------------------------------------------------------------------


def test_children_follow_their_parents_by_their_beginning() -> None:
    late, early = segment("late", 3, 4), segment("early", 2, 3)
    called = segment("called", 2.5, 2.6, parent_id="early")
    assert placed(called, segment("root", 1, 5, subsegments=[late, early])) == [
        ("root", 0),
        ("early", 1),
        ("called", 2),
        ("late", 1),
    ]


def test_a_span_without_its_parent_is_shown_as_a_root() -> None:
    assert placed(segment("orphan", 2, 3, parent_id="nowhere"), segment("root", 1, 5)) == [
        ("root", 0),
        ("orphan", 0),
    ]


def test_parents_in_a_circle_are_shown_all_the_same() -> None:
    one, other = segment("one", 1, 2, parent_id="other"), segment("other", 2, 3, parent_id="one")
    assert placed(one, other) == [("one", 0), ("other", 1)]


def test_segments_that_are_inferred_are_left_out() -> None:
    caller = segment("caller", 1, 2)
    assert placed(caller, segment("SQS", 1, 2, parent_id="caller", inferred=True)) == [
        ("caller", 0)
    ]


def test_a_deeply_nested_document_is_flattened() -> None:
    document = segment("inner", 1, 2)
    for depth in range(2000):
        document = segment(f"d{depth}", 1, 2, subsegments=[document])
    assert len(placed(document)) == 2001


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({}, "ok"),
        ({"error": True}, "error"),
        ({"error": True, "throttle": True}, "throttle"),
        ({"error": True, "fault": True}, "fault"),
        ({"in_progress": True}, "running"),
    ],
)
def test_a_status_is_the_worst_of_what_is_marked(members: dict[str, bool], status: str) -> None:
    assert status_of(members) == status


def test_a_note_says_what_was_asked_and_what_went_wrong() -> None:
    document = {
        "http": {"request": {"method": "GET", "url": "/x"}, "response": {"status": 503}},
        "cause": {"exceptions": [{"type": "Timeout", "message": "too long"}]},
    }
    assert note_of(document) == "GET /x 503 Timeout: too long"
    assert note_of({"cause": "an-id-of-another-document"}) == ""


# --- the axis -----------------------------------------------------------------------------------


def test_intervals_that_overlap_or_touch_are_joined() -> None:
    assert merge([(3, 4), (0, 2), (1, 1.5), (2, 2.5)]) == [(0, 2.5), (3, 4)]


def test_a_long_silence_is_cut_short_and_told() -> None:
    axis = Axis([(0, 1), (100, 101)])
    (silence,) = axis.breaks
    assert silence["ms"] == 99_000
    assert axis.place(100) - axis.place(1) == pytest.approx(silence["width"])
    assert silence["width"] == pytest.approx(0.2 / 2.2)  # a tenth of what is busy
    assert axis.place(101) == pytest.approx(1)


def test_a_short_silence_is_drawn_as_it_was() -> None:
    axis = Axis([(0, 4), (4.4, 8)])
    assert not axis.breaks
    assert axis.place(4.4) == pytest.approx(0.55)


def test_moments_keep_their_order() -> None:
    axis = Axis([(0, 1), (50, 60), (61, 61), (2000, 2001)])
    moments = [0, 0.5, 1, 50, 55, 60, 61, 2000, 2001]
    shares = [axis.place(moment) for moment in moments]
    assert shares == sorted(set(shares))
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(1)


def test_a_span_stands_where_it_ran() -> None:
    laid = lay_out([span("a", 10, 14), span("b", 11, 12)])
    (_, inner) = laid["spans"]
    assert (laid["at"], laid["ms"]) == (10_000, 4000)
    assert (inner["left"], inner["width"]) == (0.25, 0.25)
    assert (inner["start_ms"], inner["ms"]) == (1000, 1000)


def test_what_still_runs_is_drawn_to_the_end_of_what_is_known() -> None:
    running, _ = lay_out([span("a", 10, None), span("b", 11, 12)])["spans"]
    assert (running["ms"], running["width"]) == (2000, 1)


def test_a_trace_of_one_moment_and_none_at_all_are_laid_out() -> None:
    assert lay_out([span("a", 10, 10)])["spans"][0]["left"] == 0
    assert lay_out([])["spans"] == []


def test_too_many_spans_are_cut_and_counted() -> None:
    laid = lay_out([span(str(n), n, n + 1) for n in range(MOST_SPANS + 3)])
    assert (len(laid["spans"]), laid["left_out"]) == (MOST_SPANS, 3)


def test_links_to_other_traces_are_told_once() -> None:
    linked = segment("a", 1, 2, links=[{"trace_id": "1-b", "id": "x"}, {"id": "of no trace"}])
    other = segment("b", 1, 2, links=[{"trace_id": "1-b"}, {"trace_id": "1-a"}])
    assert lay_out(spans_of(Trace("t", [linked, other])))["links"] == ["1-a", "1-b"]
