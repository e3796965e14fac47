"""The page in a real browser, driven against a stub of the endpoint."""

import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser import canned, chromium
from tests.browser.chromium import Driver, until
from tests.browser.dashboard import Dashboard
from tests.browser.stub import KEY, Asked, Reply, Stub

OPENINGS, STANDING_OPEN, POWER = "door.opened/0", "door.opened/1", "meter.read/0"
WEEK = {"from_": "2013-01-01", "to": "2013-01-08", "timezone": "America/New_York"}
AVERAGE = {"stat": "avg", "group_by": "door"}


def failing(status: int, **headers: str) -> Reply:
    problem = {"type": "about:blank", "title": "The warehouse could not answer", "status": status}
    return Reply(status, problem, {name.replace("_", "-"): text for name, text in headers.items()})


def asks_standing_open(asked: Asked) -> bool:
    return asked.query.items() >= AVERAGE.items()


@pytest.fixture
def week(page: Dashboard) -> Dashboard:
    return page.open(key=KEY, **WEEK).until_shown()


# --- the key ------------------------------------------------------------------------------------


def test_the_page_asks_for_the_key_and_refuses_a_wrong_one(page: Dashboard) -> None:
    page.open()
    assert page.focused().get_attribute("id") == "key"
    page.press("wrong", Keys.ENTER)
    until(lambda: "does not take this key" in page.text("#key-error"), "the key is refused")
    assert page.focused().get_attribute("id") == "key"
    assert not page.text("#board")
    page.press(KEY, Keys.ENTER)
    page.until_shown()
    assert not page.text("#key-form")


def test_a_key_in_the_address_is_taken_out_of_it(page: Dashboard) -> None:
    page.open(key=KEY, **WEEK).until_shown()
    assert KEY not in page.driver.current_url
    assert "from=2013-01-01" in page.driver.current_url
    page.open(**WEEK).until_shown()  # the tab has kept it


def test_a_key_that_is_withdrawn_is_asked_for_anew(week: Dashboard, stub: Stub) -> None:
    stub.overrule = lambda _: Reply(403, {"message": "Forbidden"})
    week.find('[value="everything"]').click()
    until(lambda: "does not take this key" in week.text("#key-error"), "the key is refused")
    assert not week.text("#board")


def test_the_key_can_be_changed(week: Dashboard) -> None:
    week.find("#forget-key").click()
    assert week.focused().get_attribute("id") == "key"
    assert week.run("return sessionStorage.length") == 0


# --- the numbers --------------------------------------------------------------------------------


def test_tiles_show_totals_exactly(week: Dashboard) -> None:
    assert week.tile(canned.DOORS) == 12840
    assert week.tile(canned.METERS) == 9007199254740993  # no double can hold it
    assert "12,840" in week.text(f'[data-tile="{canned.DOORS}"]')


def test_a_table_shows_the_rows_with_enough_events(week: Dashboard) -> None:
    assert week.rows(STANDING_OPEN) == [
        {"door": "front", "count": "20", "value": "9.125"},
        {"door": None, "count": "40", "value": "5.5"},
    ]


def test_what_is_written_of_a_number_is_rounded_with_its_column(week: Dashboard) -> None:
    assert week.written(STANDING_OPEN) == [
        {"door": "front", "count": "20", "value": "9.13"},
        {"door": "(none)", "count": "40", "value": "5.50"},
    ]


def test_a_chart_has_its_numbers_as_a_table(week: Dashboard) -> None:
    expected = [
        {**{name: str(value) for name, value in row.items() if name != "value"}}
        for row in canned.OPENINGS
    ]
    assert week.answer(OPENINGS) == expected


def test_a_chart_counts_what_is_missing_as_none(week: Dashboard) -> None:
    week.panel(OPENINGS).find_element(By.CSS_SELECTOR, ".canvas").send_keys(Keys.HOME)
    assert week.legend(OPENINGS) == {"back": "6", "front <b>door</b>": "4"}
    week.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert week.text(f'[data-panel="{OPENINGS}"] .moment') == "Thu, 3 Jan 2013"
    assert week.legend(OPENINGS) == {"back": "0", "front <b>door</b>": "0"}


def test_a_chart_has_the_eight_largest_groups(week: Dashboard) -> None:
    shown = list(week.legend(POWER))
    assert shown == [f"meter {n}" for n in (10, 9, 8, 7, 6, 5, 4, 3)]
    assert "8 of 10" in week.text(f'[data-panel="{POWER}"]')


def test_the_live_chart_counts_minutes_of_the_last_hour(week: Dashboard, stub: Stub) -> None:
    rows = week.answer("live")
    assert [(row["type"], row["count"]) for row in rows] == [
        ("door.opened", "4"),
        ("door.opened", "6"),
    ]
    asked = [one for one, _ in stub.asked if one.query.get("interval") == "minute"]
    assert all(one.query["from"].endswith(":00Z") for one in asked)


def test_the_state_of_the_pipeline_is_told(week: Dashboard) -> None:
    assert week.status("in_flight") == "7"
    assert week.status("loaded_at") == "2026-11-29T06:00:00Z"
    assert "cache miss" in week.text(f'[data-panel="{OPENINGS}"] .meta')


def test_conflicts_lie_in_quarantine_too(week: Dashboard) -> None:
    assert week.status("quarantined") == "1240"
    assert week.written_status("quarantined") == "1,240"


# --- the span -----------------------------------------------------------------------------------


def test_the_address_sets_the_span_and_the_zone(week: Dashboard, stub: Stub) -> None:
    (asked,) = [one for one, _ in stub.asked if one.query.get("group_by") == "meter"]
    expected = {
        "from": "2013-01-01", "to": "2013-01-08", "timezone": "America/New_York",
        "interval": "day", "measure": "power", "stat": "avg", "group_by": "meter", "limit": "10000",
    }  # fmt: skip
    assert asked.query == expected
    assert week.find("#from").get_attribute("value") == "2013-01-01"


def test_another_span_is_asked_for_and_stands_in_the_address(week: Dashboard, stub: Stub) -> None:
    week.find('[value="-1h"]').click()
    until(lambda: stub.statuses("v1/metrics/meter.read", interval="minute", stat="avg"), "asked")
    assert "from=-1h" in week.driver.current_url
    assert "timezone=America/New_York" in week.driver.current_url
    assert KEY not in week.driver.current_url


def test_an_empty_span_points_to_the_newest_events(page: Dashboard, stub: Stub) -> None:
    def empty(path: str, query: dict[str, str]) -> canned.Json | None:
        body = canned.answer(path, query)
        rows = [{"bucket": None, "count": 0, "value": 0}] if "group_by" not in query else []
        return {**body, "rows": rows} if body and "rows" in body and "to" not in query else body

    stub.answer = empty  # type: ignore[assignment]
    page.open(key=KEY, timezone="UTC").until_shown()
    assert "Nothing in the last 24 hours" in page.text(f'[data-panel="{OPENINGS}"]')
    until(lambda: page.text("#hint"), "a hint").index("4 Jan 2013")
    page.find("#hint button").click()
    until(lambda: page.tile(canned.DOORS) == 12840, "the week is shown")
    assert "from=2012-12-29&to=2013-01-05" in page.driver.current_url
    assert not page.text("#hint")


# --- answers that change, and that fail ---------------------------------------------------------


def test_one_panel_fails_and_recovers_by_itself(week: Dashboard, stub: Stub) -> None:
    stub.overrule = lambda asked: (
        failing(503, Retry_After="1") if asks_standing_open(asked) else None
    )
    week.find('[value="everything"]').click()
    until(lambda: "could not answer (503)" in week.problem(STANDING_OPEN), "the problem is told")
    assert len(week.rows(STANDING_OPEN)) == 2  # the last data
    assert not week.problem(OPENINGS)
    assert "could not answer" in week.run("return announcements.textContent")
    stub.overrule = lambda _: None
    until(lambda: not week.problem(STANDING_OPEN), "it recovers")
    assert stub.statuses("v1/metrics/door.opened", **AVERAGE)[-1] == 200


def test_a_panel_that_never_had_an_answer_says_why(page: Dashboard, stub: Stub) -> None:
    stub.overrule = lambda asked: (
        failing(429, Retry_After="1") if asks_standing_open(asked) else None
    )
    page.open(key=KEY, **WEEK)
    until(lambda: "(429)" in page.problem(STANDING_OPEN), "the problem is told")
    stub.overrule = lambda _: None
    page.until_shown()
    assert len(page.rows(STANDING_OPEN)) == 2


def test_the_page_waits_for_an_endpoint_that_is_down(page: Dashboard, stub: Stub) -> None:
    stub.overrule = lambda _: failing(503, Retry_After="1")
    page.open(key=KEY, **WEEK)
    until(lambda: "could not answer (503)" in page.text("#loading"), "the problem is told")
    stub.overrule = lambda _: None
    page.until_shown()


def test_an_answer_that_is_none_is_survived(week: Dashboard, stub: Stub) -> None:
    stub.overrule = lambda asked: Reply(200, "<html>") if asks_standing_open(asked) else None
    week.find('[value="everything"]').click()
    until(lambda: "not readable" in week.problem(STANDING_OPEN), "the problem is told")
    assert len(week.rows(STANDING_OPEN)) == 2


def test_an_endpoint_out_of_reach_leaves_the_last_numbers(page: Dashboard) -> None:
    with Stub() as gone:
        away = Dashboard(page.driver, gone.base).open(key=KEY, **WEEK).until_shown()
    away.find('[value="everything"]').click()
    until(lambda: "cannot be reached" in away.problem(POWER), "the problem is told")
    assert away.tile(canned.DOORS) == 12840


def test_answers_are_renewed_when_their_time_is_over(page: Dashboard, stub: Stub) -> None:
    stub.max_age = 1
    page.open(key=KEY, **WEEK).until_shown()
    renewed = {"path": "v1/metrics/meter.read", "group_by": "meter"}
    until(lambda: stub.statuses(**renewed)[1:2] == [304], "the same answer is confirmed")
    assert len(page.legend(POWER)) == 8
    assert not page.problem(POWER)


def test_answers_are_not_renewed_before_their_time_is_over(page: Dashboard, stub: Stub) -> None:
    one = {"path": "v1/status"}
    lasting = Reply(200, canned.STATUS, {"Cache-Control": "private, max-age=2", "ETag": '"x"'})
    times: list[float] = []

    def at_intervals(asked: Asked) -> Reply | None:
        if asked.path != one["path"]:
            return None
        times.append(time.monotonic())
        return lasting

    stub.overrule = at_intervals
    page.open(key=KEY, **WEEK)
    until(lambda: len(times) == 2, "asked again")
    assert 2 <= times[1] - times[0] < 3.5
    assert [one for one, _ in stub.asked if one.path == "v1/status"][1].headers[
        "if-none-match"
    ] == '"x"'


def test_a_stale_answer_is_marked(page: Dashboard, stub: Stub) -> None:
    def stale(asked: Asked) -> Reply | None:
        body = canned.answer(asked.path, asked.query)
        headers = {"Stale": "true", "As-Of": "2026-11-29T05:00:00Z"}
        return (
            Reply(200, {**(body or {}), "stale": True}, headers)
            if asks_standing_open(asked)
            else None
        )

    stub.overrule = stale
    page.open(key=KEY, **WEEK).until_shown()
    assert page.text(f'[data-panel="{STANDING_OPEN}"] .stale') == "stale"
    assert page.text(f'[data-panel="{OPENINGS}"] .stale') == ""


@pytest.mark.parametrize("way", ["pause", "hide"])
def test_nothing_is_renewed_while_paused_or_hidden(page: Dashboard, stub: Stub, way: str) -> None:
    stub.max_age = 1
    page.open(key=KEY, **WEEK).until_shown()

    def toggle() -> None:
        if way == "pause":
            page.find("#pause").click()
        else:
            page.run(HIDE)

    toggle()
    age = f'[data-panel="{POWER}"] .age'
    until(lambda: "3 s ago" in page.text(age), "what was under way is answered")
    asked = len(stub.asked)
    until(lambda: "4 s ago" in page.text(age), "more than the time of an answer is over")
    assert len(stub.asked) == asked
    toggle()
    until(lambda: len(stub.asked) > asked, "it goes on")


def test_another_span_is_shown_while_paused(week: Dashboard) -> None:
    week.find("#pause").click()
    week.find('[value="everything"]').click()
    until(lambda: week.panel(POWER).get_attribute("aria-busy") == "false", "it is shown")


def test_four_questions_at_once_are_the_most(page: Dashboard, stub: Stub) -> None:
    most = page.open().run(COUNT_FETCHES)
    assert most is None
    page.press(KEY, Keys.ENTER)
    page.until_shown()
    assert 1 < page.run("return window.most") <= 4
    assert len(stub.asked) > 4


# Hides the tab, or shows it again; a headless one is never hidden by itself.
HIDE = """
Object.defineProperty(document, 'hidden', { value: !document.hidden, configurable: true });
document.dispatchEvent(new Event('visibilitychange'));
"""
COUNT_FETCHES = """
const ask = window.fetch;
let active = 0;
window.most = 0;
window.fetch = async (...of) => {
  window.most = Math.max(window.most, ++active);
  try { return await ask(...of); } finally { active -= 1; }
};
"""

# --- hands, eyes and ears -----------------------------------------------------------------------


def test_everything_is_reached_by_the_keyboard(week: Dashboard) -> None:
    week.press(Keys.TAB)
    assert week.focused().get_attribute("id") == "skip"
    week.press(Keys.ENTER)
    assert week.focused().get_attribute("id") == "main"
    seen = []
    for _ in range(60):
        week.press(Keys.TAB)
        here = week.focused()
        seen.append(here.get_attribute("id") or here.get_attribute("class") or here.tag_name)
        if here.tag_name == "body":
            break
    assert {"timezone", "canvas", "entry", "summary", "scroller", "button"} <= set(seen)
    assert "from=2013-01-01" in week.driver.current_url  # the skip link did not take its place


def test_a_heading_sorts_by_the_keyboard(week: Dashboard) -> None:
    heading = week.panel(STANDING_OPEN).find_elements(By.CSS_SELECTOR, "th")[1]
    heading.find_element(By.CSS_SELECTOR, "button").send_keys(Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "descending"
    assert [row["count"] for row in week.rows(STANDING_OPEN)] == ["40", "20"]
    week.press(Keys.ENTER)
    assert [row["count"] for row in week.rows(STANDING_OPEN)] == ["20", "40"]


def test_a_line_is_hidden_and_stays_so(week: Dashboard, stub: Stub) -> None:
    entry = week.panel(OPENINGS).find_element(By.CSS_SELECTOR, ".entry")
    entry.send_keys(Keys.SPACE)
    assert entry.get_attribute("aria-pressed") == "false"
    week.find('[value="everything"]').click()
    until(lambda: stub.statuses("v1/metrics/door.opened", group_by="door")[3:], "asked anew")
    until(lambda: week.panel(OPENINGS).get_attribute("aria-busy") != "true", "shown anew")
    entry = week.panel(OPENINGS).find_element(By.CSS_SELECTOR, ".entry")
    assert entry.get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize("width", [320, 768])
def test_a_narrow_page_scrolls_only_down(browser: Driver, page: Dashboard, width: int) -> None:
    chromium.resize(browser, width, 700)
    page.open(key=KEY, **WEEK).until_shown()
    page.answer(OPENINGS)
    assert page.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_in_both_themes(browser: Driver, page: Dashboard, scheme: str) -> None:
    chromium.prefer(browser, {"prefers-color-scheme": scheme})
    page.open(key=KEY, **WEEK).until_shown()
    assert page.run(CONTRASTS) == []
    page.find("#theme").click()
    assert page.find("#theme").get_attribute("aria-pressed") == str(scheme == "light").lower()
    assert page.run(CONTRASTS) == []
    page.open(key=KEY, **WEEK)
    other = {"light": "dark", "dark": "light"}[scheme]
    assert page.run("return document.documentElement.dataset.theme") == other


# Lists visible texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3).
CONTRASTS = """
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const layers = (element) => {
  const own = getComputedStyle(element).backgroundColor;
  return [...(element.parentElement ? layers(element.parentElement) : []), own];
};
const painted = (colours) => {
  canvas.fillStyle = 'white';
  canvas.fillRect(0, 0, 1, 1);
  for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
  return canvas.getImageData(0, 0, 1, 1).data;
};
const luminance = ([red, green, blue]) => [red, green, blue].reduce((sum, part, place) => {
  const level = part / 255;
  const linear = level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  return sum + linear * [0.2126, 0.7152, 0.0722][place];
}, 0);
for (const animation of document.getAnimations()) animation.finish();
return [...document.body.querySelectorAll('*')]
  .filter((element) => element.checkVisibility() && !['SCRIPT', 'CANVAS'].includes(element.tagName))
  .filter((element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .map((element) => {
    const behind = layers(element);
    const [one, other] = [painted([...behind, getComputedStyle(element).color]), painted(behind)]
      .map(luminance).sort((a, b) => b - a);
    return [element.className || element.tagName, (one + 0.05) / (other + 0.05)];
  })
  .filter(([, contrast]) => contrast < 4.5);
"""
