"""Claims: one asker at a time, for a while, and no table is no hindrance."""

from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError

from pipeline.claims import Claims
from pipeline.shared_table import BLIND_SECONDS, SharedTable, Watch

START = 1_357_000_000.0


class FakeTable:
    """Keeps the condition as DynamoDB does."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}
        self.fault: Exception | None = None

    def update_item(self, **arguments: Any) -> Any:
        if self.fault:
            raise self.fault
        values = {k: int(v["N"]) for k, v in arguments["ExpressionAttributeValues"].items()}
        assert arguments["UpdateExpression"] == (
            "SET claimed_until = :until, expires_at = :expires_at"
        )
        name = arguments["Key"]["name"]["S"]
        if condition := arguments.get("ConditionExpression"):
            assert condition == "attribute_not_exists(claimed_until) OR claimed_until <= :now"
            if self.items.get(name, 0) > values[":now"]:
                raise refused("ConditionalCheckFailedException")
        self.items[name] = values[":until"]
        assert values[":expires_at"] > values[":until"] / 1_000


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "UpdateItem")


class Case:
    def __init__(self) -> None:
        self.table, self.time, self.told = FakeTable(), START, list[str]()
        watch = Watch(now=lambda: self.time)
        shared = SharedTable("t", self.table, watch=watch)
        self.claims = Claims(shared, report=self.told.append, watch=watch)


def test_a_question_is_claimed_once_until_the_claim_ends() -> None:
    case = Case()
    assert case.claims.take("k", 10)
    assert not case.claims.take("k", 10)
    assert case.claims.take("other", 10)
    case.time += 10
    assert case.claims.take("k", 10)


def test_a_released_claim_is_free() -> None:
    case = Case()
    case.claims.take("k", 10)
    case.claims.release("k")
    assert case.claims.take("k", 10)


def test_without_the_table_every_claim_is_granted() -> None:
    case = Case()
    for fault in (refused("ThrottlingException"), ConnectTimeoutError(endpoint_url="x")):
        case.table.fault = fault
        assert case.claims.take("k", 10)
        case.claims.release("k")
    assert len(case.told) == 4


def test_claims_and_seconds_never_meet() -> None:
    case = Case()
    case.claims.take("1357000000", 10)
    assert list(case.table.items) == ["asked/1357000000"]


def test_a_table_that_is_out_of_reach_is_not_asked_for_every_claim() -> None:
    case = Case()
    case.table.fault = ConnectTimeoutError(endpoint_url="x")
    assert case.claims.take("k", 10)
    case.table.fault = AssertionError("asked again")
    assert case.claims.take("k", 10)
    case.claims.release("k")
    case.table.fault = None
    case.time += BLIND_SECONDS
    assert case.claims.take("k", 10)
    assert not case.claims.take("k", 10)
