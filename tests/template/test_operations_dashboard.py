"""Dashboard, saved queries, traces: what they show exists, and is where one looks for it."""

import re
from itertools import combinations
from typing import Any

import pytest

from tests.template.test_declared_alarms import SYMPTOMS
from tests.template.watching import (
    RUNBOOK,
    Properties,
    Widget,
    metrics_in,
    of_type,
    spelled,
    widgets_of,
)

Template = dict[str, Any]

STAGES = ("receive", "stage", "prepare", "load", "serve")
ROWS = ("how many", "what failed", "how old")
GRID = 24  # columns that CloudWatch has
MOST_WIDGETS = 24


@pytest.fixture(scope="module")
def widgets(template: Template) -> list[Widget]:
    return widgets_of(template)


@pytest.fixture(scope="module")
def charts(widgets: list[Widget]) -> list[Widget]:
    return [widget for widget in widgets if widget["type"] == "metric"]


@pytest.fixture(scope="module")
def queries(template: Template) -> dict[str, Properties]:
    return of_type(template["Resources"], "AWS::Logs::QueryDefinition")


def title(widget: Widget) -> str:
    return str(widget["properties"]["title"])


# --- the dashboard -------------------------------------------------------------------------


def test_each_metric_of_a_chart_is_written_with_these_dimensions(
    template: Template, charts: list[Widget]
) -> None:
    faults = {
        (title(chart), fault)
        for chart in charts
        for metric in metrics_in(chart)
        for fault in metric.faults(template["Resources"])
    }
    assert faults == set()


def test_stages_stand_from_left_to_right_with_three_charts_each(charts: list[Widget]) -> None:
    columns = [[one for one in charts if title(one).startswith(f"{name}:")] for name in STAGES]
    left = [column[0]["x"] for column in columns]
    assert left == sorted(set(left))
    for column in columns:
        assert len(column) == len(ROWS)
        assert len({one["x"] for one in column}) == 1
        assert [one["y"] for one in column] == sorted(one["y"] for one in column)


def test_the_second_row_tells_errors_and_the_third_tells_times(charts: list[Widget]) -> None:
    heights = sorted({one["y"] for one in charts})
    for chart in charts:
        names = {metric.name for metric in metrics_in(chart)}
        if chart["y"] == heights[1]:
            assert title(chart).endswith(": errors")
            assert names & {"Errors", "5XXError"}, title(chart)
        if chart["y"] == heights[2]:
            assert re.search(r": (age|duration|latency)", title(chart)), title(chart)
            assert any(re.search("Age|Time|Latency|Freshness", name) for name in names)


def test_below_stand_what_is_on_its_way_the_warehouse_the_functions_the_cost_and_the_alarms(
    widgets: list[Widget],
) -> None:
    *_, fourth, last = sorted({widget["y"] for widget in widgets})
    for y, names in (
        (fourth, ["flow", "check"]),
        (last, ["warehouse", "functions", "cost", "alarms"]),
    ):
        assert [title(one).partition(":")[0] for one in widgets if one["y"] == y] == names


def test_each_function_that_runs_by_itself_is_on_the_charts_of_errors_and_of_throttles(
    template: Template, charts: list[Widget]
) -> None:
    resources = template["Resources"]
    tokens = [one["Properties"].get("ServiceToken") for one in resources.values()
              if "Properties" in one]  # fmt: skip
    at_deployments = {spelled(token).replace(".Arn}", "}") for token in tokens if token}
    functions = {f"${{{name}}}" for name in of_type(resources, "AWS::Serverless::Function")}
    assert at_deployments
    for metric, ending in (("Errors", ": errors"), ("Throttles", ": throttles")):
        shown = [
            one.dimensions["FunctionName"]
            for chart in charts
            if title(chart).endswith(ending)
            for one in metrics_in(chart)
            if (one.namespace, one.name) == ("AWS/Lambda", metric)
        ]
        assert sorted(shown) == sorted(functions - at_deployments), metric


def test_what_was_received_and_not_staged_adds_up_over_the_time_that_is_shown(
    charts: list[Widget],
) -> None:
    [chart] = [one for one in charts if title(one).startswith("flow:")]
    [between] = [row[0]["expression"] for row in chart["properties"]["metrics"] if len(row) == 1]
    assert between == "RUNNING_SUM(FILL(received, 0) - FILL(staged, 0))"
    ids = {
        row[-1]["id"]: row[1] for row in chart["properties"]["metrics"] if isinstance(row[0], str)
    }
    assert ids == {"received": "EventsReceived", "staged": "EventsStaged"}


def test_widgets_fit_into_the_grid_and_cover_none(widgets: list[Widget]) -> None:
    assert len(widgets) <= MOST_WIDGETS
    for widget in widgets:
        assert 0 <= widget["x"] < widget["x"] + widget["width"] <= GRID, title(widget)
    for one, other in combinations(widgets, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or below, (title(one), title(other))


def test_each_chart_says_which_region_it_is_about(charts: list[Widget]) -> None:
    assert {chart["properties"]["region"] for chart in charts} == {"${AWS::Region}"}


def test_expressions_name_metrics_of_their_chart(charts: list[Widget]) -> None:
    for chart in charts:
        options = [row[-1] for row in chart["properties"]["metrics"] if isinstance(row[-1], dict)]
        known = {option["id"] for option in options if "id" in option}
        used = {
            name for one in options for name in re.findall(r"[a-z]\w*", one.get("expression", ""))
        }
        assert used <= known, title(chart)


def test_all_alarms_that_tell_people_are_shown(widgets: list[Widget]) -> None:
    [shown] = [widget for widget in widgets if widget["type"] == "alarm"]
    assert sorted(shown["properties"]["alarms"]) == sorted(f"${{{name}.Arn}}" for name in SYMPTOMS)


def test_what_is_limited_is_shown_where_it_is_limited(template: Template) -> None:
    variables = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][1]
    condition, _, otherwise = variables["CostAlarm"]["Fn::If"]
    assert condition == template["Resources"]["WarehouseCostAlarm"]["Condition"]
    assert otherwise == ""


def test_the_runbook_names_charts_that_there_are(widgets: list[Widget]) -> None:
    text = " ".join(RUNBOOK.read_text(encoding="utf-8").split())
    named = re.findall(
        r'"((?:receive|stage|prepare|load|serve|flow|check|functions|cost): [^"]+)"', text
    )
    assert named
    assert set(named) <= {title(widget) for widget in widgets}


# --- saved queries -------------------------------------------------------------------------


def test_saved_queries_are_under_the_stacks_name_and_ask_the_functions_logs(
    queries: dict[str, Properties],
) -> None:
    names = [query["Name"]["Fn::Sub"] for query in queries.values()]
    assert len(set(names)) == len(names) >= 7
    assert all(name.startswith("${AWS::StackName}/") for name in names)
    for name, query in queries.items():
        assert query["LogGroupNames"] == [{"Ref": "FunctionLogs"}], name


def test_each_parameter_of_a_query_is_asked_for_and_explained(
    queries: dict[str, Properties],
) -> None:
    for name, query in queries.items():
        declared = {one["Name"] for one in query.get("Parameters", [])}
        assert set(re.findall(r"\{\{(\w+)\}\}", query["QueryString"])) == declared, name
        assert all(len(one["Description"]) > 10 for one in query.get("Parameters", [])), name


# --- traces --------------------------------------------------------------------------------


def test_traces_of_requests_have_a_share_of_their_own(template: Template) -> None:
    rule = template["Resources"]["TraceShareRule"]["Properties"]["SamplingRule"]
    assert rule["FixedRate"] == {"Ref": "TraceShare"}
    assert rule["ServiceType"] == "AWS::ApiGateway::Stage"
    assert rule["ResourceARN"]["Fn::Sub"].endswith("/restapis/${Api}/stages/live")
    assert rule["ReservoirSize"] == 1
