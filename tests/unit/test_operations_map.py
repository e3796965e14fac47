"""The service map: columns from left to right, rows with few crossings, and its numbers."""

from typing import Any

import pytest

from local.operations.layers import lay_out
from local.operations.service_map import read_map, shape_map
from tests import operations_cloud as canned


def columns(nodes: str, *edges: str) -> dict[str, int]:
    placed = lay_out(list(nodes), [(edge[0], edge[1]) for edge in edges])
    return {node: column for node, (column, _) in placed.items()}


def crossings(nodes: str, *edges: str) -> int:
    placed = lay_out(list(nodes), [(edge[0], edge[1]) for edge in edges])
    rows = [(placed[edge[0]][1], placed[edge[1]][1]) for edge in edges]
    return sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a in rows for b in rows) // 2


def test_a_node_stands_right_of_all_that_call_it() -> None:
    assert columns("abcd", "ab", "bc", "ad", "cd") == {"a": 0, "b": 1, "c": 2, "d": 3}


def test_a_circle_is_cut_where_it_closes() -> None:
    assert columns("abc", "ab", "bc", "ca") == {"a": 0, "b": 1, "c": 2}
    assert columns("xabc", "xb", "ab", "bc", "ca")["b"] == 1


def test_a_node_that_calls_itself_stays_where_it_is() -> None:
    assert columns("ab", "aa", "ab") == {"a": 0, "b": 1}


def test_edges_to_unknown_nodes_do_not_count() -> None:
    assert columns("a", "az") == {"a": 0}
    assert lay_out([], []) == {}


def test_rows_are_sorted_so_that_edges_do_not_cross() -> None:
    assert crossings("abcxyz", "az", "by", "cx") == 0


def test_no_two_nodes_share_a_place() -> None:
    placed = lay_out(list("abcdefg"), [("a", "b"), ("a", "c"), ("c", "d"), ("b", "d"), ("e", "b")])
    assert len(set(placed.values())) == 7


def test_numbers_are_rates_means_and_counts() -> None:
    drawn = read_map(canned.canned_cloud().client("xray"))
    node = drawn["nodes"][1]
    assert (node["rate"], node["ms"], node["errors"], node["faults"]) == (1, 50, 6, 4)
    assert (drawn["columns"], drawn["rows"]) == (6, 1)


def test_a_node_without_statistics_has_no_mean() -> None:
    (node,) = shape_map([{"ReferenceId": 0, "Name": "client", "Type": "client"}])["nodes"]
    assert node["ms"] is None


def test_the_two_nodes_of_a_function_are_one_and_all_clients_are() -> None:
    drawn = shape_map(
        [
            {"ReferenceId": 0, "Name": "f", "Type": "client", "Edges": [{"ReferenceId": 2}]},
            {"ReferenceId": 1, "Name": "g", "Type": "client", "Edges": [{"ReferenceId": 2}]},
            {"ReferenceId": 2, "Name": "f", "Type": "AWS::Lambda",
             "SummaryStatistics": {"TotalCount": 2, "TotalResponseTime": 1.0}, "Edges": [{"ReferenceId": 3}]},
            {"ReferenceId": 3, "Name": "f", "Type": "AWS::Lambda::Function",
             "SummaryStatistics": {"TotalCount": 1, "TotalResponseTime": 1.0}},
        ]
    )  # fmt: skip
    assert [(node["name"], node["count"]) for node in drawn["nodes"]] == [("Clients", 0), ("f", 2)]
    assert len(drawn["edges"]) == 1


@pytest.mark.parametrize("target", [1, 7])
def test_an_edge_to_a_node_that_is_not_there_is_not_drawn(target: int) -> None:
    services: list[dict[str, Any]] = [
        {"ReferenceId": 0, "Name": "a", "Edges": [{"ReferenceId": target}]},
        {"ReferenceId": 1, "Name": "b"},
    ]
    assert len(shape_map(services)["edges"]) == (target == 1)
