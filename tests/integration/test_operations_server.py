"""The operations page's server answers who asks for it by its own name, and nobody else."""

from collections.abc import Iterator

import pytest
import requests

from local.operations.desk import Desk
from local.operations.server import OperationsServer
from tests import operations_aws as aws
from tests import operations_cloud as canned
from tests import operations_flight as flight


@pytest.fixture
def base() -> Iterator[str]:
    desk = Desk(canned.canned_cloud().client, aws.STACK, flight.record)
    with OperationsServer(desk) as server:
        yield server.url


def test_another_name_for_this_machine_is_refused(base: str) -> None:
    port = base.split(":")[2].strip("/")
    statuses = {
        host: requests.get(
            f"{base}api/latest-event", headers={"Host": host}, timeout=10
        ).status_code
        for host in (
            f"rebound.example:{port}",
            "127.0.0.1",
            f"localhost:{port}",
            f"127.0.0.1:{port}",
        )
    }
    assert list(statuses.values()) == [421, 421, 200, 200]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_is_answered(base: str, method: str) -> None:
    assert requests.request(method, f"{base}api/map", timeout=10).status_code == 501


def test_no_other_origin_may_read_an_answer(base: str) -> None:
    headers = requests.get(
        f"{base}api/map", headers={"Origin": "http://x.example"}, timeout=10
    ).headers
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
