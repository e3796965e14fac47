"""An event that is not loaded yet is looked for in the latest batches of the lake."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from pipeline.errors import LakeUnavailable
from pipeline.lake import ListingLake, batch_key, facts_key
from pipeline.serve.desk import underway
from pipeline.serve.desk.underway import MOST_BATCHES, find_underway
from tests.integration.warehousing import BUCKET, MemoryBucket, compact, event, quarantined

NOW = datetime(2013, 1, 2, 0, 20, tzinfo=UTC)
ROW = event(1, type="page.viewed")
KEY = ROW["event_key"]


class Shelves(MemoryBucket):
    """A bucket that counts what is fetched from it, and may be slow."""

    def __init__(self) -> None:
        super().__init__()
        self.lake = ListingLake(BUCKET, self)
        self.fetched: list[str] = []
        self.pause = 0.0

    def get_object(self, **arguments: Any) -> Any:
        self.fetched.append(arguments["Key"])
        time.sleep(self.pause)
        return super().get_object(**arguments)

    def put(self, key: str, at: datetime, *rows: Any) -> str:
        self.lake.write_lines(key, [compact(row).encode() for row in rows])
        self.stored_at[key] = at
        return key

    def stage(self, batch_id: str, at: datetime, *rows: Any) -> str:
        numbered = [row | {"batch_id": batch_id, "position": n} for n, row in enumerate(rows)]
        return self.put(batch_key(batch_id, at.isoformat()), at, *numbered)


@pytest.fixture
def shelves() -> Shelves:
    return Shelves()


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def test_an_event_is_found_with_its_batch(shelves: Shelves) -> None:
    shelves.stage("other", ago(1), event(2))
    key = shelves.stage("mine", ago(2), event(3), ROW, event(4))
    found = find_underway(shelves.lake, KEY, NOW)
    assert found
    assert (found.object_key, found.staged_at, found.prepared_at) == (key, ago(2), None)
    assert (found.row["id"], found.row["batch_id"]) == ("1", "mine")


def test_what_was_stored_first_stands_also_over_midnight(shelves: Shelves) -> None:
    first = shelves.stage("first", ago(30), ROW)
    shelves.stage("again", ago(5), ROW | {"data": "{}"})
    assert ago(30).day != NOW.day
    found = find_underway(shelves.lake, KEY, NOW)
    assert found
    assert found.object_key == first


def test_facts_that_are_stored_tell_that_it_is_prepared(shelves: Shelves) -> None:
    shelves.stage("mine", ago(30), ROW)
    shelves.put(facts_key("page.viewed", "other", ago(30).isoformat()), ago(29))
    found = find_underway(shelves.lake, KEY, NOW)
    assert found
    assert found.prepared_at is None
    shelves.put(facts_key("page.viewed", "mine", ago(30).isoformat()), ago(28))
    found = find_underway(shelves.lake, KEY, NOW)
    assert found
    assert found.prepared_at == ago(28)


def test_a_quarantined_row_has_no_facts_to_wait_for(shelves: Shelves) -> None:
    row = quarantined(5)
    shelves.stage("bad", ago(1), row)
    found = find_underway(shelves.lake, row["event_key"], NOW)
    assert found
    assert (found.row["reason"], found.prepared_at) == ("SCHEMA", None)


def test_only_the_latest_batches_are_opened(shelves: Shelves) -> None:
    shelves.stage("long ago", ago(61), ROW)
    for number in range(MOST_BATCHES + 20):
        shelves.stage(f"batch-{number}", NOW - timedelta(seconds=number), event(2))
    assert find_underway(shelves.lake, KEY, NOW) is None
    assert len(shelves.fetched) == MOST_BATCHES
    assert all("long ago" not in key for key in shelves.fetched)
    assert any("batch-0" in key for key in shelves.fetched)


def test_a_slow_lake_is_given_up(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(underway, "SECONDS", 0.05)
    shelves.pause = 0.3
    for number in range(80):
        shelves.stage(f"batch-{number}", ago(1), event(2))
    with pytest.raises(LakeUnavailable, match="not read in time"):
        find_underway(shelves.lake, KEY, NOW)
    assert len(shelves.fetched) < 80


def test_a_lake_that_does_not_answer_is_no_event_that_is_not_there() -> None:
    class Silent(MemoryBucket):
        def list_objects_v2(self, **_: Any) -> Any:
            raise ConnectTimeoutError(endpoint_url="s3")

    with pytest.raises(LakeUnavailable, match="not listed"):
        find_underway(ListingLake(BUCKET, Silent()), KEY, NOW)
