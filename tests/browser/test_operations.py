"""The operations page in a real browser, on canned answers of AWS, some of them hostile."""

import re
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from local.operations.desk import Desk
from local.operations.server import OperationsServer
from tests import operations_aws as aws
from tests import operations_cloud as canned
from tests import operations_flight as flight
from tests.browser import chromium
from tests.browser.chromium import Driver, until
from tests.browser.operations import Operations

VIEWS = {
    "now": "now",
    "event": f"event={aws.KEY}",
    "traces": "traces=",
    "map": "map",
    "executions": f"execution={aws.BATCH}",
}


@pytest.fixture
def cloud() -> aws.CannedCloud:
    return canned.canned_cloud()


@pytest.fixture
def base(cloud: aws.CannedCloud) -> Iterator[str]:
    with OperationsServer(Desk(cloud.client, aws.STACK, flight.record)) as server:
        yield server.url


@pytest.fixture
def page(browser: Driver, base: str) -> Operations:
    return Operations(browser, base)


# --- now ----------------------------------------------------------------------------------------


def test_each_stage_shows_its_figures(page: Operations) -> None:
    page.open()
    until(lambda: page.figure("request", "received"), "the flow is shown")
    assert page.figure("request", "received") == "2"
    assert page.text('[data-stage="request"] .total') == "2/s"
    assert page.figure("prepare", "errors") == "500"
    assert page.figure("event-queue", "waiting") == "6"
    assert page.figure("load-queue", "dlq") == "3"
    assert "bad" in page.classes('[data-stage="load-queue"] .dlq')
    assert "bad" not in page.classes('[data-stage="event-queue"] .dlq')


def test_alarms_stand_with_their_state_and_their_runbook(page: Operations) -> None:
    page.open()
    until(page.alarms, "the alarms are shown")
    assert page.alarms() == [
        ("LoadingAlarm", "ALARM"),
        ("EndpointAlarm", "INSUFFICIENT_DATA"),
        ("EventDlqAlarm", "OK"),
    ]
    assert "docs/runbook.md#loading-alarm" in page.text('[data-alarm="LoadingAlarm"]')
    assert "LoadQueueAgeAlarm" in page.text('[data-alarm="LoadingAlarm"] .advice')
    assert not page.find('[data-alarm="EventDlqAlarm"] .advice pre').is_displayed()
    assert page.text("#firing") == "1"


def test_what_changes_is_shown_without_loading_the_page_anew(
    page: Operations, cloud: aws.CannedCloud
) -> None:
    page.open()
    until(lambda: page.figure("event-queue", "waiting") == "6", "the queue is shown")
    attributes = canned.queue_attributes
    cloud.answers["sqs", "GetQueueAttributes"] = lambda asked: {
        "Attributes": dict.fromkeys(attributes(asked)["Attributes"], "21")
    }
    until(lambda: page.figure("event-queue", "waiting") == "42", "the queue has grown")


def test_nothing_is_asked_while_paused(page: Operations, cloud: aws.CannedCloud) -> None:
    page.open()
    until(page.alarms, "the alarms are shown")
    page.find("#pause").click()
    page.find('[data-view="map"]').click()
    until(lambda: page.find("#map").is_displayed(), "the view is another one")
    page.driver.execute_async_script("fetch('api/executions').then(arguments[0])")
    assert "GetServiceGraph" not in cloud.operations("xray")  # it would have come before
    page.find("#pause").click()
    until(lambda: page.all("[data-node]"), "the map is shown once it goes on")


# --- one event ----------------------------------------------------------------------------------


def test_an_event_is_followed_from_its_post_to_its_reading(page: Operations) -> None:
    page.open(f"event={aws.KEY}")
    until(page.parts, "the event is followed")
    assert page.parts() == ["entrance", "stage", "prepare", "load", "read"]
    names = [span for span, _ in page.spans()]
    steps = ["ReceiveRequest", "StageBatch", "EnrichEvents", "DetectAnomalies", "SummariseBatch",
             "LoadBatches", "ReadEvents"]  # fmt: skip
    places = [names.index(aws.physical(f"{step}Function")) for step in steps]
    assert places == sorted(places)
    lefts = [left for _, left in page.spans()]
    assert lefts[places[0]] < lefts[places[1]] < lefts[places[-2]] < lefts[places[-1]]


def test_the_latest_post_is_followed_by_a_button(page: Operations) -> None:
    page.open("event")
    page.find("#latest-event").click()
    until(page.parts, "the event is followed")
    assert page.find("#event-key").get_attribute("value") == aws.KEY


def test_an_event_that_nobody_knows_is_told(page: Operations) -> None:
    page.open(f"event={'0' * 64}")
    until(lambda: "does not know this event" in page.text("#problem"), "it is told")


# --- traces -------------------------------------------------------------------------------------


def test_traces_are_filtered_and_one_is_opened(page: Operations) -> None:
    page.open("traces=")
    until(lambda: len(page.listed("#trace-list")) == len(flight.TRACES), "all traces are listed")
    page.find("#filter").send_keys(f'annotation.correlation_id = "{aws.CORRELATION}"')
    page.find("#traces-form .strong").click()
    until(lambda: len(page.listed("#trace-list")) == 1, "the list is filtered")
    page.find("#trace-list tbody a").click()
    until(page.spans, "the trace is shown")
    assert [name for name, _ in page.spans()] == [
        "events-to-endpoints/live",
        aws.physical("ReceiveRequestFunction"),
        "SQS",
    ]
    assert len(page.listed("#trace-list")) == 1  # the filter stays


def test_an_annotation_leads_to_all_traces_that_have_it(page: Operations) -> None:
    page.open(f"trace={flight.trace_id(1)}")
    until(page.spans, "the trace is shown")
    page.find("#trace .span summary").click()
    page.find("#trace .facts a").click()
    until(lambda: len(page.listed("#trace-list")) == 3, "stage, preparation and load are listed")


def test_a_filter_that_cannot_be_read_is_told(page: Operations) -> None:
    page.open("traces=!!")
    until(lambda: "Invalid filter" in page.text("#problem"), "it is told")


# --- map and executions -------------------------------------------------------------------------


def test_the_map_goes_from_left_to_right(page: Operations) -> None:
    page.open("map")
    until(lambda: page.all("[data-node]"), "the map is shown")
    places = [page.place_of(name) for name in
              ("Clients", "events-to-endpoints/live", aws.physical("ReceiveRequestFunction"),
               aws.physical("EventQueue"), aws.physical("StageBatchFunction"))]  # fmt: skip
    assert places == sorted(set(places))
    assert "1/s · 50 ms · 10" in page.text(f'[data-node="{aws.physical("EventQueue")}"]')
    assert len(page.all(".edge")) == 5


def test_an_execution_is_told_step_by_step(page: Operations) -> None:
    page.open("executions")
    until(lambda: page.listed("#execution-list"), "the executions are listed")
    page.find("#execution-list tbody a").click()
    until(page.steps, "the steps are shown")
    assert page.steps() == [(name, "succeeded") for name in flight.STEPS]
    assert "2 tries" in page.text('[data-step="Detect anomalies"]')
    assert "hidden" not in page.text("#executions")


# --- the page as a whole ------------------------------------------------------------------------


def test_hostile_names_stay_texts(page: Operations) -> None:
    for view in VIEWS.values():
        page.open(view)
        until(lambda: page.all(".card:not(:empty)"), f"{view} is shown")
    page.open("map")
    until(lambda: page.all(f"[data-node^='{aws.HOSTILE[:8]}']"), "the map is shown")
    page.open("traces=")
    until(lambda: aws.HOSTILE in page.text("#trace-list"), "an annotation is quoted")
    page.open("traces=!!")
    until(lambda: aws.HOSTILE in page.text("#problem"), "the problem quotes the filter")
    page.open("now")
    until(lambda: aws.HOSTILE in page.text('[data-alarm="EndpointAlarm"]'), "it is quoted")
    assert page.driver.title.startswith("Operations")
    assert not page.all("main img, main script")


def test_nothing_is_loaded_from_elsewhere(page: Operations, base: str) -> None:
    for view in VIEWS.values():
        page.open(view)
        until(lambda: page.all(".card:not(:empty)"), f"{view} is shown")
        loaded = page.run("return performance.getEntriesByType('resource').map((one) => one.name)")
        assert loaded
        assert all(name.startswith((base, "data:")) for name in loaded)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_view_is_wider_than_the_window(page: Operations, width: int) -> None:
    chromium.resize(page.driver, width, 900)
    for view in VIEWS.values():
        page.open(view)
        until(lambda: page.all(".view:not([hidden]) .card:not(:empty)"), f"{view} is shown")
        assert page.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(page: Operations, scheme: str) -> None:
    chromium.prefer(page.driver, {"prefers-color-scheme": scheme})
    page.open("now")
    until(page.alarms, "the alarms are shown")
    for word in page.all(".state-word"):
        colours = [word.value_of_css_property(name) for name in ("color", "background-color")]
        assert contrast(*colours) >= 4.5


def contrast(*colours: str) -> float:
    """Work out the contrast of two colours as WCAG 2 does."""
    darker, lighter = sorted(map(luminance, colours))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
              for share in shares]  # fmt: skip
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_theme_that_was_chosen_is_kept_and_any_other_is_the_systems(page: Operations) -> None:
    def is_dark() -> bool:
        return page.find("#theme").get_attribute("aria-pressed") == "true"

    chromium.prefer(page.driver, {"prefers-color-scheme": "light"})
    page.open("now")
    assert not is_dark()
    chromium.prefer(page.driver, {"prefers-color-scheme": "dark"})
    until(is_dark, "the page follows the system")
    page.find("#theme").click()
    assert not is_dark()
    page.open("now")
    assert page.run("return document.documentElement.dataset.theme") == "light"
    assert not is_dark()
    page.run("localStorage.clear()")


@pytest.mark.parametrize("view", VIEWS)
def test_the_keyboard_reaches_every_view(page: Operations, view: str) -> None:
    page.open("map" if view == "now" else "now")
    link = page.find(f'[data-view="{view}"]')
    page.run("arguments[0].focus()", link)
    page.press(Keys.ENTER)
    until(page.find(f"#{view}").is_displayed, f"{view} is shown")
    assert page.find("[aria-current]").get_attribute("data-view") == view
