"""The service model's checks, which hold requests to it here and answers in all other tests."""

from typing import Any

import pytest

from local.redshift_data.conformance import NotInTheModel, breaches
from local.redshift_data.errors import ApiError, SerializationException, ValidationException
from local.redshift_data.limits import Limits
from local.redshift_data.operations import Operations
from local.redshift_data.testing import running
from local.redshift_data.validation import check_members

ID = "d9b6c0c9-0747-4bf4-b142-e8883122f766"


@pytest.mark.parametrize(
    ("operation", "status", "body", "breach"),
    [
        ("DescribeStatement", 200, {"Id": ID, "Status": "FINISHED"}, ""),
        ("DescribeStatement", 200, {"Status": "FINISHED"}, "Value null at 'id'"),
        ("DescribeStatement", 200, {"Id": ID, "Status": "OVER"}, "enum value set"),
        ("DescribeStatement", 200, {"Id": "7"}, "regular expression"),
        ("DescribeStatement", 200, {"Id": ID, "Duration": "1"}, "must be a long"),
        ("DescribeStatement", 200, {"Id": ID, "Duration": True}, "must be a long"),
        ("DescribeStatement", 200, {"Id": ID, "More": 1}, "no member"),
        ("GetStatementResult", 200, {"Records": [[{"isNull": True}]]}, ""),
        ("GetStatementResult", 200, {"Records": [[{}]]}, "exactly one member"),
        ("GetStatementResult", 200, {"Records": [{}]}, "must be a list"),
        ("ListStatements", 400, {"__type": "ThrottlingException", "Message": ""}, ""),
        ("ListStatements", 400, {"__type": "QueryTimeoutException"}, "no error of"),
        ("ListStatements", 400, {"__type": "ResourceNotFoundException"}, "'resourceId'"),
        ("ListStatements", 500, {"__type": "ValidationException"}, "HTTP status 500"),
        (
            "ListStatements",
            400,
            {"__type": "InternalServerException", "Message": ""},
            "HTTP status 400",
        ),
    ],
)
def test_an_answer_that_breaks_the_model_is_found(
    operation: str, status: int, body: dict[str, Any], breach: str
) -> None:
    found = "; ".join(breaches(operation, status, body))
    assert breach in found
    assert bool(found) == bool(breach)


def test_the_tests_client_looks_at_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def odd(*_: Any) -> dict[str, Any]:
        return {"Odd": 1}

    monkeypatch.setattr(Operations, "call", odd)
    with running() as warehouse, pytest.raises(NotInTheModel, match="odd is no member"):
        warehouse.client.list_statements()


def refusal_of(operation: str, **members: Any) -> ApiError:
    with pytest.raises(ApiError) as raised:
        check_members(operation, members, Limits())
    return raised.value


def test_a_request_is_held_to_the_model() -> None:
    check_members("ListStatements", {"MaxResults": 5, "Status": "ALL"}, Limits())
    assert isinstance(refusal_of("ListStatements", MaxResults="5"), SerializationException)
    for members in ({"MaxResults": 101}, {"Status": "OVER"}, {"More": 1}):
        assert isinstance(refusal_of("ListStatements", **members), ValidationException)


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = str(refusal_of("ListStatements", MaxResults=101, Status="OVER"))
    assert told.startswith("2 validation errors detected: Value '101' at 'maxResults'")


def test_an_id_is_refused_in_the_service_s_own_words() -> None:
    assert str(refusal_of("DescribeStatement", Id="nothing")).startswith("id must satisfy regex")
