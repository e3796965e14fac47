"""Whose statements and sessions are whose: IAM roles by access key, and lists by owner."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.redshift_data.callers import Caller, caller_of
from local.redshift_data.errors import MissingAuthenticationTokenException
from local.redshift_data.testing import Warehouse, running

ROLES = {"key-1": "Loader", "key-2": "Loader", "key-3": "Reader"}


@pytest.fixture
def warehouses() -> Iterator[list[Warehouse]]:
    """Clients of two sessions of one role, of another role, and of a key without a role."""
    with running(roles=ROLES) as plain:
        endpoint = plain.client.meta.endpoint_url
        clients = [Warehouse(endpoint, access_key=key) for key in ROLES]
        yield [*clients, plain]
        for client in clients:
            client.close()


def code_of(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**members)
    return str(raised.value.response["Error"]["Code"])


def listed(warehouse: Warehouse, **members: Any) -> list[str]:
    found = warehouse.client.list_statements(**members)["Statements"]
    return [statement["Id"] for statement in found]


def test_the_caller_is_who_signed() -> None:
    header = "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu-west-1/redshift-data/aws4_request, S=1"
    assert caller_of(header, {}) == Caller("AKIA1", None, "eu-west-1")
    assert caller_of(header, {"AKIA1": "Loader"}).database_user == "IAMR:Loader"
    with pytest.raises(MissingAuthenticationTokenException):
        caller_of("Basic abc", {})


def test_a_role_is_the_database_user(warehouses: list[Warehouse]) -> None:
    loader, _, reader, plain = warehouses
    users = [warehouse.value("SELECT current_user") for warehouse in (loader, reader, plain)]
    assert users == ["IAMR:Loader", "IAMR:Reader", "admin"]
    assert loader.execute("SELECT 1")["DbUser"] == "IAMR:Loader"


def test_a_database_user_may_be_named_for_a_cluster(warehouses: list[Warehouse]) -> None:
    *_, plain = warehouses
    answer = plain.client.execute_statement(
        Sql="SELECT current_user",
        ClusterIdentifier="mycluster-test",
        Database="dev",
        DbUser="myuser",
        WaitTimeSeconds=30,
    )
    assert (answer["DbUser"], answer["ClusterIdentifier"]) == ("myuser", "mycluster-test")
    records = plain.client.get_statement_result(Id=answer["Id"])["Records"]
    assert records == [[{"stringValue": "myuser"}]]


def test_with_a_secret_the_user_is_not_told(warehouses: list[Warehouse]) -> None:
    *_, plain = warehouses
    described = plain.execute("SELECT 1", SecretArn="mysecret")
    assert described["SecretArn"] == "mysecret"
    assert "DbUser" not in described


def test_a_role_s_statements_are_seen_by_its_sessions_only(warehouses: list[Warehouse]) -> None:
    first, second, *others = warehouses
    identifier = first.execute("SELECT 7")["Id"]
    assert second.wait(identifier)["Status"] == "FINISHED"
    assert second.client.get_statement_result(Id=identifier)["TotalNumRows"] == 1
    for other in others:
        for call in ("describe_statement", "get_statement_result", "cancel_statement"):
            code = code_of(getattr(other.client, call), Id=identifier)
            assert code == "ResourceNotFoundException"


def test_statements_are_listed_by_role_or_by_iam_session(warehouses: list[Warehouse]) -> None:
    first, second, third, plain = warehouses
    mine, its = first.execute("SELECT 1")["Id"], second.execute("SELECT 2")["Id"]
    assert listed(first) == [its, mine]
    assert listed(first, RoleLevel=True) == [its, mine]
    assert listed(first, RoleLevel=False) == [mine]
    assert listed(third) == listed(plain) == []


def test_a_session_belongs_to_its_role(warehouses: list[Warehouse]) -> None:
    first, second, third, _ = warehouses
    answer = first.client.execute_statement(
        Sql="SELECT 1", SessionKeepAliveSeconds=60, WaitTimeSeconds=30, **first.where
    )
    session = answer["SessionId"]
    second.client.execute_statement(Sql="SELECT 1", SessionId=session, WaitTimeSeconds=30)
    code = code_of(third.client.execute_statement, Sql="SELECT 1", SessionId=session)
    assert code == "ValidationException"
    assert len(second.client.list_sessions()["Sessions"]) == 1
    assert second.client.list_sessions(RoleLevel=False)["Sessions"] == []
    assert third.client.list_sessions()["Sessions"] == []
    assert code_of(third.client.list_sessions, SessionId=session) == "ResourceNotFoundException"


def test_statements_are_listed_by_place_name_and_state(warehouses: list[Warehouse]) -> None:
    *_, plain = warehouses
    finished = plain.execute("SELECT 1", StatementName="myStatement1")["Id"]
    failed = plain.execute("SELECT 1 / 0", StatementName="myStatement2")["Id"]
    assert listed(plain) == [finished]
    assert listed(plain, Status="ALL") == [failed, finished]
    assert listed(plain, Status="FAILED", StatementName="myStatement") == [failed]
    assert listed(plain, StatementName="mystatement") == []
    assert listed(plain, WorkgroupName="local-workgroup", Database="dev") == [finished]
    assert listed(plain, WorkgroupName="another-workgroup") == []
    assert listed(plain, ClusterIdentifier="mycluster") == []
    assert listed(plain, Database="another") == []
    both = {"WorkgroupName": "local-workgroup", "ClusterIdentifier": "mycluster"}
    assert code_of(plain.client.list_statements, **both) == "ValidationException"


def test_statements_come_in_pages_while_new_ones_arrive(warehouses: list[Warehouse]) -> None:
    *_, plain = warehouses
    old = [plain.execute(f"SELECT {number}")["Id"] for number in range(5)]
    first = plain.client.list_statements(MaxResults=2)
    plain.execute("SELECT 'new'")
    second = plain.client.list_statements(MaxResults=2, NextToken=first["NextToken"])
    last = plain.client.list_statements(MaxResults=2, NextToken=second["NextToken"])
    found = [s["Id"] for page in (first, second, last) for s in page["Statements"]]
    assert found == old[::-1]
    assert "NextToken" not in last
