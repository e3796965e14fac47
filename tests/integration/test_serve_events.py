"""Raw events from a real database: every one once, as it was sent, whatever is loaded meanwhile."""

import csv
import importlib
import io
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import MalformedQuestion, NothingFound
from pipeline.event import event_key
from pipeline.exact_json import write
from pipeline.lake import facts_key
from pipeline.serve.asking.contract import MAX_ANSWER_BYTES
from pipeline.serve.asking.signing import EXPIRED, Signer
from pipeline.serve.telling.answers import Answer
from tests.integration.test_serve import NAUGHTY, escaped
from tests.integration.warehousing import ABSENT, Row, World, event, facts_of, quarantined
from tests.reader_settings import READER

FORMATS = ("json", "csv", "ndjson")
JSON_TEXTS = ("extensions", "data")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as built:
        yield built


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in READER.items():
            patch.setenv(name, value)
        yield importlib.import_module("pipeline.serve.events")


class Reader:
    """Asks for pages, as a caller does."""

    def __init__(self, module: ModuleType, world: World) -> None:
        self._module = module
        self._world = world
        self.clock = time.time

    def ask(self, **given: str) -> Answer:
        query = {name.removesuffix("_"): [value] for name, value in given.items()}
        asked = {"multiValueQueryStringParameters": query or None}
        answer: Answer = self._module.inquire(
            asked, self._world.catalogue, self._world.warehouse, self._signer
        ).read()
        return answer

    def page(self, **given: str) -> Row:
        return dict(json.loads(self.ask(**given).body))

    def events(self, **given: str) -> list[Row]:
        """Ask until there is no next page."""
        found, page = list[Row](), self.page(**given)
        while page["next"]:
            found += page["events"]
            page = self.page(**given, cursor=page["next"])
        return found + list(page["events"])

    def ids(self, **given: str) -> set[str]:
        return {found["id"] for found in self.events(**given)}

    def find(self, number: str) -> Row:
        key = event_key("/test", number)
        text = self._module.read_event(key, self._world.warehouse, self._world.lake).body
        return {"text": text, **json.loads(text)}

    def _signer(self) -> Signer:
        return Signer("made up", "cursor", self.clock)


@pytest.fixture(scope="module")
def reader(module: ModuleType, world: World) -> Reader:
    return Reader(module, world)


batches = count()


def load(world: World, *events: Row) -> None:
    assert not world.load(world.stage(f"batch-{next(batches)}", events)).failed


# --- pages


def test_nothing_loaded_is_an_empty_page(module: ModuleType) -> None:
    with World() as empty:
        page = Reader(module, empty).page()
    assert (page["events"], page["next"], page["resume"]) == ([], None, None)
    assert page["data_version"] == 0


def test_pages_during_loads_neither_skip_nor_repeat(module: ModuleType) -> None:
    dice = random.Random(11)  # noqa: S311 (repeatable, not secret)
    done = Event()
    with World() as world, ThreadPoolExecutor() as pool:
        reader = Reader(module, world)
        loader = pool.submit(keep_loading, world, dice, done)
        seen, cursor = list[str](), dict[str, str]()
        while True:
            last_round = done.is_set()
            page = reader.page(limit=str(dice.choice([1, 2, 7, 50, 300])), **cursor)
            seen += [found["id"] for found in page["events"]]
            if page["resume"]:
                cursor = {"cursor": page["resume"]}
            if last_round and not page["next"]:
                break
        sent = loader.result()
    assert seen == list(dict.fromkeys(seen))
    assert set(seen) == sent


def keep_loading(world: World, dice: random.Random, done: Event) -> set[str]:
    """Load batches of all sizes, some of which bring again what was there before."""
    sent = set[str]()
    try:
        for number in range(25):
            again = dice.sample(sorted(sent), k=min(len(sent), 3))
            new = [f"{number}-{n}" for n in range(dice.choice([1, 3, 40]))]
            messages = [
                world.stage(f"during-{number}-{part}", [event(name, data="{}") for name in names])
                for part, names in enumerate((new, again))
                if names
            ]
            assert not world.load(*messages).failed
            sent.update(new)
    finally:
        done.set()
    return sent


@pytest.fixture(scope="module")
def many(world: World) -> list[Row]:
    """Events in three loads: with times, sources and subjects to be filtered by."""
    events = [
        event(
            f"many-{n}",
            source=f"/source/{n % 3}",
            subject=ABSENT if n % 4 == 0 else f"subject-{n % 4}",
            entrance=("request", "webhook", "upload")[n % 3],
            time=f"2013-02-{1 + n % 28:02d}T00:00:00.5Z",
            type=("page.viewed", "weather.observed")[n % 2],
            extensions='{"traceparent":"00-1","n":1}' if n % 5 == 0 else ABSENT,
            event_key=event_key(f"/source/{n % 3}", f"many-{n}"),
        )
        for n in range(90)
    ]
    for third in (events[:30], events[30:60], events[60:]):
        load(world, *third)
    return events


MANY = "source:/source/0|/source/1|/source/2"


@given(limits=st.lists(st.integers(1, 40), min_size=1))
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pages_of_any_sizes_are_the_whole_in_its_order(
    reader: Reader, many: list[Row], limits: list[int]
) -> None:
    whole = reader.page(filter=MANY, limit="1000")["events"]
    assert len(whole) == len(many)
    assert whole == sorted(whole, key=lambda found: (found["version"], found["event_key"]))
    found, place = list[Row](), 0
    page = reader.page(filter=MANY, limit=str(limits[0]))
    while page["next"]:
        found += page["events"]
        place += 1
        limit = str(limits[place % len(limits)])
        page = reader.page(filter=MANY, limit=limit, cursor=page["next"])
    assert found + page["events"] == whole


def ids_of(many: list[Row], keeps: Callable[[Row], Any]) -> set[str]:
    return {one["id"] for one in many if keeps({"subject": ABSENT} | one)}


@pytest.mark.parametrize(
    ("given", "keeps"),
    [
        ({"filter": "source:/source/1"}, lambda e: e["source"] == "/source/1"),
        ({"filter": f"{MANY},subject:subject-1|subject-2"},
         lambda e: e["subject"] in ("subject-1", "subject-2")),
        ({"filter": f"{MANY},subject!:subject-1"}, lambda e: e["subject"] != "subject-1"),
        ({"filter": f"{MANY},subject>subject-1"},
         lambda e: e["subject"] in ("subject-2", "subject-3")),
        ({"filter": f"{MANY},entrance:webhook"}, lambda e: e["entrance"] == "webhook"),
        ({"filter": "id:many-7|many-8"}, lambda e: e["id"] in ("many-7", "many-8")),
        ({"filter": MANY, "type": "weather.observed"}, lambda e: e["type"] == "weather.observed"),
        ({"filter": MANY, "from": "2013-02-05", "to": "2013-02-09T00:00:00.500Z"},
         lambda e: "2013-02-05" <= e["time"] < "2013-02-09"),
        ({"filter": MANY, "from": "2013-02-27T00:00:00.5Z"},
         lambda e: e["time"] >= "2013-02-27"),
        ({"filter": MANY, "to": "2013-02-02"}, lambda e: e["time"] < "2013-02-02"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_filters_keep_what_they_say(
    reader: Reader, many: list[Row], given: dict[str, str], keeps: Callable[[Row], Any]
) -> None:
    wanted = ids_of(many, keeps)
    assert 0 < len(wanted) < len(many)
    assert reader.ids(limit="7", **given) == wanted


def test_an_event_is_told_as_it_was_loaded(reader: Reader, many: list[Row]) -> None:
    (found,) = reader.page(filter="id:many-5")["events"]
    assert found.pop("version") > 0
    assert found.pop("batch_id").startswith("batch-")
    sent = many[5] | {name: json.loads(many[5][name]) for name in JSON_TEXTS}
    sent |= {"time": "2013-02-06T00:00:00.500000Z", "received_at": "2013-01-01T10:00:00Z"}
    assert found == {name: value for name, value in sent.items() if name != "fingerprint"}


def test_all_formats_tell_the_same(
    reader: Reader, many: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert many
    now = time.time()  # a cursor tells when it was made
    monkeypatch.setattr(reader, "clock", lambda: now)
    answers = {f: reader.ask(filter=MANY, limit="50", format=f) for f in FORMATS}
    assert len(json.loads(answers["json"].body)["events"]) == 50
    assert told(answers["csv"], "csv") == told(answers["ndjson"], "ndjson")
    assert told(answers["json"], "json") == told(answers["ndjson"], "ndjson")
    assert len({answer.headers["Next-Cursor"] for answer in answers.values()}) == 1


def told(answer: Answer, format_: str) -> list[Row]:
    if format_ == "json":
        return list(json.loads(answer.body)["events"])
    if format_ == "ndjson":
        return [json.loads(text) for text in answer.body.split("\n")[:-1]]
    rows = csv.DictReader(io.StringIO(answer.body, newline=""))
    return [
        {
            name: json.loads(text) if name in (*JSON_TEXTS, "version") else text
            for name, text in row.items()
            if text
        }
        for row in rows
    ]


# --- texts

EXACT = '{"n":9007199254740993,"d":0.1234567890123456789,"e":1.50,"z":1,"a":"é\\u00e9"}'


@pytest.fixture(scope="module")
def naughty(world: World) -> list[Row]:
    """Events with every awkward text, as id, subject, extension and in their data."""
    events = [
        event(
            f"naughty {n} {text}",
            source="/naughty",
            subject=text or ABSENT,
            data=write({"x": text, text: [text]}),
            extensions=write({"x": text}),
        )
        for n, text in enumerate(NAUGHTY)
    ]
    load(world, *events)
    return events


@pytest.mark.parametrize("format_", FORMATS)
def test_any_text_comes_back(reader: Reader, naughty: list[Row], format_: str) -> None:
    answer = reader.ask(filter="source:/naughty", format=format_)
    found = {one["id"]: one for one in told(answer, format_)}
    assert len(found) == len(naughty)
    for sent in naughty:
        one = found[sent["id"]]
        assert one["data"] == json.loads(sent["data"])
        assert one["extensions"] == json.loads(sent["extensions"])
        assert one.get("subject", ABSENT) == sent.get("subject", ABSENT)


@pytest.mark.parametrize("place", range(len(NAUGHTY)))
def test_any_text_can_be_filtered_by(reader: Reader, naughty: list[Row], place: int) -> None:
    text = naughty[place]["id"]
    assert reader.ids(filter=f"id:{escaped(text)},source:/naughty") == {text}


@pytest.mark.parametrize("format_", FORMATS)
def test_a_page_has_every_digit(world: World, reader: Reader, format_: str) -> None:
    load(world, event(f"digits-{format_}", data=EXACT))
    body = reader.ask(filter=f"id:digits-{format_}", format=format_).body
    assert EXACT in (body.replace('""', '"') if format_ == "csv" else body)


# --- size


@pytest.fixture(scope="module")
def huge(world: World) -> list[Row]:
    """Events of which no answer holds all, in JSON because of their bytes, in CSV of quotes."""
    texts = ("é" * 32_700, '"' * 30_000, "\\" * 30_000, "x" * 65_000, "\U0001f308" * 16_000)
    datas = [json.dumps({"x": text}, ensure_ascii=False) for text in texts]
    events = [
        event(f"huge-{n}", source="/huge", data=datas[n % len(datas)], subject="s" * 2_000)
        for n in range(50)
    ]
    load(world, *events)
    return events


@pytest.mark.parametrize("format_", FORMATS)
def test_a_page_of_huge_events_is_cut_but_complete_over_pages(
    reader: Reader, huge: list[Row], format_: str
) -> None:
    found, cursor, pages = dict[str, Any](), dict[str, str](), 0
    while True:
        answer = reader.ask(filter="source:/huge", limit="1000", format=format_, **cursor)
        assert len(answer.body.encode()) <= MAX_ANSWER_BYTES
        page = told(answer, format_)
        assert page
        assert not {one["id"] for one in page} & set(found)
        found |= {one["id"]: one["data"] for one in page}
        pages += 1
        if "Next-Cursor" not in answer.headers:
            break
        cursor = {"cursor": answer.headers["Next-Cursor"]}
    assert found == {one["id"]: json.loads(one["data"]) for one in huge}
    assert 3 < pages < 12


def test_the_widest_event_fits_into_a_row_of_a_result(world: World, reader: Reader) -> None:
    """Subjects, ids and types have a limit in characters, of which one may take four bytes."""
    wide = "\U0001f308"
    row = event(
        wide * 254,
        source="/" + "w" * 2_047,
        subject=wide * 2_048,
        dataschema="/" + "w" * 2_047,
        data=json.dumps({"x": wide * 16_000}, ensure_ascii=False),
        extensions=json.dumps({"x": wide * 16_000}, ensure_ascii=False),
    )
    load(world, row)
    (found,) = reader.page(filter="source:/" + "w" * 2_047)["events"]
    assert found["data"] == found["extensions"] == {"x": wide * 16_000}
    assert (found["id"], found["subject"]) == (row["id"], row["subject"])
    assert reader.find(row["id"])["event"]["data"] == found["data"]


# --- cursors


def test_resume_finds_what_is_loaded_later(world: World, reader: Reader) -> None:
    load(world, event("early-1", source="/later"), event("early-2", source="/later"))
    page = reader.page(filter="source:/later")
    assert (len(page["events"]), page["next"]) == (2, None)
    nothing = reader.page(filter="source:/later", cursor=page["resume"])
    assert (nothing["events"], nothing["next"]) == ([], None)
    load(world, event("late", source="/later", time="2001-01-01T00:00:00Z"))
    for cursor in (page["resume"], nothing["resume"]):
        later = reader.page(filter="source:/later", cursor=cursor)
        assert [found["id"] for found in later["events"]] == ["late"]


def test_a_duplicate_and_a_conflict_do_not_come_again(world: World, reader: Reader) -> None:
    first, other = event("once", source="/once"), event("once", source="/once", data='{"a":1}')
    load(world, first)
    page = reader.page(filter="source:/once")
    load(world, first, other)
    assert reader.page(filter="source:/once", cursor=page["resume"])["events"] == []


def refused(reader: Reader, **given: str) -> MalformedQuestion:
    with pytest.raises(MalformedQuestion) as caught:
        reader.page(**given)
    assert caught.value.parameter == "cursor"
    return caught.value


def test_a_cursor_serves_its_own_question_only(reader: Reader, many: list[Row]) -> None:
    assert many
    cursor = reader.page(filter=MANY, limit="7")["next"]
    assert "another" in refused(reader, cursor=cursor).message
    assert "another" in refused(reader, cursor=cursor, filter=MANY, type="page.viewed").message
    assert reader.page(cursor=cursor, filter="source:/source/2|/source/1|/source/0")["events"]


def test_a_forged_or_expired_cursor_is_refused(
    reader: Reader, many: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert many
    cursor = reader.page(limit="7")["next"]
    refused(reader, cursor=cursor[:-1] + ("A" if cursor[-1] != "A" else "B"))
    monkeypatch.setattr(reader, "clock", lambda: time.time() + 26 * 3600)
    assert refused(reader, cursor=cursor).message == EXPIRED


# --- one event


def test_data_come_back_with_every_digit(world: World, reader: Reader) -> None:
    load(world, event("exact", data=EXACT))
    found = reader.find("exact")
    assert f'"data": {EXACT}' in found["text"]
    assert (found["status"], found["stale"]) == ("loaded", False)
    assert found["data_version"] == found["history"][-1]["version"]


def test_the_longest_data_come_back_whole(world: World, reader: Reader) -> None:
    data = json.dumps({"x": "é" * 32_761}, ensure_ascii=False)
    assert len(data.encode()) > 65_500
    extensions = json.dumps({"x": "y" * 20_000})
    load(world, event("long", data=data, subject="s" * 2_000, extensions=extensions))
    found = reader.find("long")
    assert found["event"]["data"] == json.loads(data)
    assert found["event"]["extensions"] == {"x": "y" * 20_000}


def test_conflicts_are_told_beside_the_event(world: World, reader: Reader) -> None:
    first, other = event("both"), event("both", data='{"page":"/2","visitor":"v"}')
    load(world, first, other)
    found = reader.find("both")
    assert found["status"] == "loaded"
    (conflict,) = found["quarantined"]
    assert (conflict["reason"], conflict["payload"]) == ("ID_CONFLICT", other["data"])
    assert [step["step"] for step in found["history"]] == ["received", "staged", "loaded"]


def test_a_quarantined_event_tells_why(world: World, reader: Reader) -> None:
    load(world, quarantined(77))
    found = reader.find("77")
    assert (found["status"], found["event"]) == ("quarantined", None)
    assert found["quarantined"][0]["detail"] == "must be a string"
    assert [step["step"] for step in found["history"]] == ["received", "staged", "quarantined"]
    assert found["history"][-1]["at"].endswith("Z")


def test_a_record_tells_what_the_event_came_with(world: World, reader: Reader) -> None:
    other = event("came", data='{"page":"/2","visitor":"v"}', correlation_id="c-2")
    load(world, event("came", correlation_id="c-1"), other, event("came before"))
    found = reader.find("came")
    assert found["event"]["correlation_id"] == "c-1"
    assert found["quarantined"][0]["correlation_id"] == "c-2"
    assert "correlation_id" not in reader.find("came before")["event"]


def test_an_unknown_event_is_not_found(reader: Reader) -> None:
    with pytest.raises(NothingFound, match="waits in the queue"):
        reader.find("never sent")


def announced(message: Row, at: str) -> Row:
    body = json.loads(message["body"]) | {"time": at}
    return message | {"body": json.dumps(body)}


def test_the_history_grows_with_the_steps(world: World, reader: Reader) -> None:
    row = event("steps", entrance="webhook", data='{"page":"/","visitor":"v"}')
    batch = world.stage("steps", [row, event("steps too")])
    assert not world.load(announced(batch, "2013-01-01T10:00:05Z")).failed
    received, staged, loaded = reader.find("steps")["history"]
    assert received == {"step": "received", "at": "2013-01-01T10:00:00Z", "entrance": "webhook"}
    key = "batches/date=2013-01-01/steps.jsonl.gz"
    assert staged == {
        "step": "staged", "at": "2013-01-01T10:00:05Z", "batch_id": "steps", "object": key,
    }  # fmt: skip
    facts = world.stage_facts("steps", page__viewed=[facts_of(row)])
    assert not world.load(announced(facts, "2013-01-01T10:00:09Z")).failed
    prepared = {"step": "prepared", "at": "2013-01-01T10:00:09Z", "facts": 1}
    assert reader.find("steps")["history"] == [received, staged, prepared, loaded]


def test_a_batch_that_is_announced_again_leaves_the_history_as_it_was(
    world: World, reader: Reader
) -> None:
    batch = world.stage("again", [event("again")])
    assert not world.load(announced(batch, "2013-01-01T10:00:05Z")).failed
    before = reader.find("again")["history"]
    more = world.stage("again", [event("again"), event("again too")])
    assert not world.load(announced(more, "2013-01-01T11:00:00Z")).failed
    assert reader.find("again")["history"] == before


def test_an_event_that_is_not_loaded_yet_is_found_where_it_is(world: World, reader: Reader) -> None:
    today = datetime.now(UTC).isoformat()
    row = event(
        "underway",
        data=EXACT,
        time="2013-01-01T10:00:00.5+01:00",
        subject="s",
        correlation_id="c-1",
    )
    batch = world.stage("underway", [event("before it"), row], day=today)
    found = reader.find("underway")
    received, staged = found["history"]
    assert (found["status"], found["quarantined"]) == ("staged", [])
    assert received == {"step": "received", "at": "2013-01-01T10:00:00Z", "entrance": "request"}
    assert staged["object"] == f"batches/date={today[:10]}/underway.jsonl.gz"
    assert found["event"]["correlation_id"] == "c-1"
    assert found["event"]["time"] == "2013-01-01T09:00:00.500000Z"
    assert f'"data": {EXACT}' in found["text"]
    world.lake.write_lines(facts_key("page.viewed", "underway", today), [])
    prepared = reader.find("underway")
    assert prepared["status"] == "prepared"
    assert [step["step"] for step in prepared["history"]] == ["received", "staged", "prepared"]
    assert not world.load(batch).failed
    loaded = reader.find("underway")
    assert loaded["status"] == "loaded"
    assert loaded["event"] == found["event"]


def test_an_event_on_its_way_to_the_quarantine_tells_why(world: World, reader: Reader) -> None:
    world.stage("to quarantine", [quarantined(78)], day=datetime.now(UTC).isoformat())
    found = reader.find("78")
    assert (found["status"], found["event"]) == ("staged", None)
    assert found["quarantined"][0]["detail"] == "must be a string"
