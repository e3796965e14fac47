"""Lake objects are deterministic, whole and named by day and batch."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

from pipeline.brief import BRIEF
from pipeline.errors import LakeUnavailable
from pipeline.lake import (
    Lake,
    SigningLake,
    batch_key,
    brief_lake,
    export_prefix,
    facts_key,
)


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.reads: list[dict[str, Any]] = []

    def put_object(self, **arguments: Any) -> Any:
        self.objects[arguments["Key"]] = arguments["Body"]

    def get_object(self, **arguments: Any) -> Any:
        self.reads.append(arguments)
        return {"Body": io.BytesIO(self.objects[arguments["Key"]])}


class FailingS3:
    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def put_object(self, **_: Any) -> Any:
        raise self._fault

    def get_object(self, **_: Any) -> Any:
        raise self._fault

    def list_objects_v2(self, **_: Any) -> Any:
        raise self._fault

    def generate_presigned_url(self, ClientMethod: str, **_: Any) -> Any:  # noqa: N803
        raise NotImplementedError(ClientMethod)


class PagedS3(FakeS3):
    """Lists one object a page."""

    def list_objects_v2(self, **arguments: Any) -> Any:
        keys = [key for key in sorted(self.objects) if key.startswith(arguments["Prefix"])]
        at = int(arguments.get("ContinuationToken", 0))
        contents = [{"Key": key, "Size": len(self.objects[key])} for key in keys[at : at + 1]]
        page: dict[str, Any] = {"Contents": contents} if contents else {}
        if at + 1 < len(keys):
            return {**page, "IsTruncated": True, "NextContinuationToken": str(at + 1)}
        return {**page, "IsTruncated": False}

    def generate_presigned_url(self, ClientMethod: str, **_: Any) -> Any:  # noqa: N803
        raise NotImplementedError(ClientMethod)


class BrokenBody:
    def read(self) -> bytes:
        raise ResponseStreamingError(error="cut off")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetObject")


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


def test_a_text_comes_back_as_it_was_written() -> None:
    lake = Lake("bucket", FakeS3())
    lake.write_text("key", '{"b": "é"}')
    assert lake.read_text("key") == '{"b": "é"}'


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_text_that_is_not_there_is_none(code: str) -> None:
    assert Lake("bucket", FailingS3(refused(code))).read_text("key") is None


@pytest.mark.parametrize("fault", [refused("SlowDown"), ConnectTimeoutError(endpoint_url="s3")])
@pytest.mark.parametrize(
    "use",
    [
        lambda lake: lake.read_text("key"),
        lambda lake: lake.write_text("key", "text"),
        lambda lake: lake.list("prefix"),
    ],
)
def test_a_lake_that_fails_is_unavailable(
    use: Callable[[SigningLake], Any], fault: Exception
) -> None:
    with pytest.raises(LakeUnavailable):
        use(SigningLake("bucket", FailingS3(fault)))


def test_a_document_comes_back_as_it_was_written() -> None:
    lake = Lake("bucket", FakeS3())
    lake.write_json("key", {"b": ["é", 1]})
    assert lake.read_json("key") == {"b": ["é", 1]}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_a_document_that_is_none_is_not_there(body: bytes) -> None:
    s3 = FakeS3()
    s3.objects["key"] = body
    assert Lake("bucket", s3).read_json("key") is None
    assert Lake("bucket", FailingS3(refused("AccessDenied"))).read_json("key") is None


class Refusing(PagedS3):
    """Lists objects and gives none of them."""

    def __init__(self, code: str, *keys: str) -> None:
        super().__init__()
        self.objects = dict.fromkeys(keys, b"")
        self._code = code

    def get_object(self, **_: Any) -> Any:
        raise refused(self._code)


def test_lines_are_there_as_they_were_written() -> None:
    lake = SigningLake("bucket", PagedS3())
    lake.write_lines("key", [b"1", b"2"])
    lines = lake.lines_if_there("key")
    assert lines is not None
    assert list(lines) == [b"1", b"2"]


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_lines_of_an_object_that_is_gone_are_none(code: str) -> None:
    assert SigningLake("bucket", Refusing(code, "key-2")).lines_if_there("key") is None


def test_a_refusal_of_an_object_that_is_listed_is_no_absence() -> None:
    with pytest.raises(LakeUnavailable, match="AccessDenied"):
        SigningLake("bucket", Refusing("AccessDenied", "key")).lines_if_there("key")


@pytest.mark.parametrize(
    "fault",
    [
        ReadTimeoutError(endpoint_url="s3"),
        ConnectTimeoutError(endpoint_url="s3"),
        SSLError(endpoint_url="s3", error="broken"),
        ProxyConnectionError(proxy_url="s3"),
    ],
)
def test_a_lake_that_times_out_has_no_lines_that_cannot_be_read(fault: Exception) -> None:
    assert isinstance(fault, OSError)
    with pytest.raises(LakeUnavailable):
        SigningLake("bucket", FailingS3(fault)).lines_if_there("key")


def test_who_may_not_write_is_told() -> None:
    with pytest.raises(LakeUnavailable, match="AccessDenied"):
        Lake("bucket", FailingS3(refused("AccessDenied"))).write_text("key", "text")


def test_a_text_that_is_cut_off_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = FakeS3()
    monkeypatch.setattr(s3, "get_object", lambda **_: {"Body": BrokenBody()})
    with pytest.raises(LakeUnavailable, match="cut off"):
        Lake("bucket", s3).read_text("key")


def test_a_brief_lake_gives_up_soon() -> None:
    config = brief_lake("bucket")._s3.meta.config  # type: ignore[attr-defined]
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) <= 4
    assert BRIEF.connect_timeout == config.connect_timeout


def test_objects_are_listed_from_every_page() -> None:
    s3 = PagedS3()
    s3.objects = {"exports/a/part-000": b"1", "exports/a/part-001": b"22", "exports/b": b"3"}
    lake = SigningLake("bucket", s3)
    assert lake.list("exports/a/") == {"exports/a/part-000": 1, "exports/a/part-001": 2}
    assert lake.list("nothing") == {}


def test_the_files_of_an_export_are_below_its_prefix() -> None:
    assert export_prefix("e1") == "exports/e1/part-"


@pytest.mark.parametrize(
    ("region", "endpoint", "address"),
    [
        ("us-east-1", "", "https://lake.s3.amazonaws.com/exports/a%20b"),
        ("eu-central-1", "", "https://lake.s3.eu-central-1.amazonaws.com/exports/a%20b"),
        ("us-east-1", "http://127.0.0.1:4566", "http://127.0.0.1:4566/lake/exports/a%20b"),
    ],
)
def test_a_signed_address_is_of_the_version_that_every_region_takes(
    monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str, address: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    url = urlsplit(SigningLake("lake").signed_url("exports/a b", 900))
    query = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}{url.path}" == address
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
