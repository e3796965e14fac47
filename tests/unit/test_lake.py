"""Lake objects are deterministic, whole and named by day and batch."""

import io
from typing import Any

from pipeline.lake import Lake, batch_key, facts_key


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.reads: list[dict[str, Any]] = []

    def put_object(self, **arguments: Any) -> Any:
        self.objects[arguments["Key"]] = arguments["Body"]

    def get_object(self, **arguments: Any) -> Any:
        self.reads.append(arguments)
        return {"Body": io.BytesIO(self.objects[arguments["Key"]])}


def test_lines_come_back_as_they_were_written() -> None:
    lake = Lake("bucket", FakeS3())
    lines = [b'{"a":1}', '{"b":"é"}'.encode()]
    lake.write_lines("key", lines)
    assert list(lake.read_lines("key")) == lines


def test_the_same_lines_give_the_same_bytes() -> None:
    s3 = FakeS3()
    Lake("bucket", s3).write_lines("one", [b"{}"])
    Lake("bucket", s3).write_lines("two", [b"{}"])
    assert s3.objects["one"] == s3.objects["two"]


def test_an_announced_version_is_the_one_that_is_read() -> None:
    s3 = FakeS3()
    s3.objects["key"] = b""
    Lake("bucket", s3).open_object("other", "key", "v7")
    assert s3.reads == [{"Bucket": "other", "Key": "key", "VersionId": "v7"}]


def test_keys_are_by_day_of_receipt() -> None:
    assert batch_key("b1", "2013-01-07T10:00:00Z") == "batches/date=2013-01-07/b1.jsonl.gz"
    assert facts_key("t.x", "b1", "2013-01-07T10:00:00Z") == (
        "facts/type=t.x/date=2013-01-07/b1.jsonl.gz"
    )
