"""The report: what it says, that nothing of the template is left out, that the docs quote it."""

import json
import tomllib
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.cost.__main__ import main, pricing
from local.cost.assumptions import assumptions
from local.cost.bill import Span, bill, total
from local.cost.prices import prices_of
from local.cost.report import Pricing, money, notes, report, span
from local.cost.system import Reader, System, system_of
from local.cost.template import Template
from local.cost.traffic import (
    QUEUE_MESSAGE_BYTES,
    UPLOAD_BYTES,
    UPLOAD_ROWS,
    Traffic,
)
from local.parameters import chosen
from pipeline import queue
from pipeline.receive import batches
from tests.template.metrics import series, written

ROOT = Path(__file__).parents[2]
DOCUMENT = yaml_parse((ROOT / "template.yaml").read_text())
WORKFLOW = json.loads((ROOT / "statemachine/prepare_batch.asl.json").read_text())
COVERAGE = tomllib.loads((ROOT / "local/cost/coverage.toml").read_text())
PRICES = prices_of("us-east-1")
D = Decimal
BUSY = Traffic(
    requests=D(100),
    events=D(10),
    event_bytes=D(350),
    events_per_delivery=D(10),
    entrance="request",
    questions=D(50),
    answer_bytes=D(2000),
    months=D(12),
)
OPTIONS = Namespace(
    region=None,
    events_per_second=D(10),
    bytes_per_event=D(350),
    events_per_delivery=D(10),
    entrance="request",
    questions=D(50),
    bytes_per_answer=D(2000),
    months=D(12),
)


def system(**changed: str) -> System:
    parameters = chosen(DOCUMENT["Parameters"], changed)
    return system_of(Template(DOCUMENT, parameters), WORKFLOW)


def costs(**changed: str) -> Mapping[str, Span]:
    return bill(system(**changed), BUSY, assumptions(), PRICES)


def priced(**changed: str) -> Pricing:
    return pricing("prod", changed, OPTIONS)


def notes_of(traffic: Traffic = BUSY, **changed: str) -> str:
    asked = replace(priced(**changed), traffic=traffic)
    return "\n".join(notes(asked, asked.system({})))


# --- the template --------------------------------------------------------------------------


def test_the_system_is_read_from_the_template() -> None:
    found = system(
        BaseCapacity="4", MaxCapacity="32", LoadWindowSeconds="60", BatchWindowSeconds="7",
        CacheTtlSeconds="120", CacheClusterSize="1.6", ReadsPerSecond="9", LogRetentionDays="90",
        Architecture="x86_64", AlertEmail="a@example.com", RequestsPerSecond="50",
    )  # fmt: skip
    assert (found.base_capacity, found.max_capacity) == (D(4), D(32))
    assert found.load == Reader(window=D(60), batch_size=D(200), concurrency=D(2))
    assert found.stage == Reader(window=D(7), batch_size=D(1000), concurrency=D(10))
    assert (found.cache_ttl, found.cache_size) == (D(120), "1.6")
    assert (found.reads_per_second, found.requests_per_key) == (D(9), D(50))
    assert (found.log_days, found.architecture, found.emails) == (D(90), "x86_64", 1)
    assert found.memory["ReadMetricsFunction"] == D("0.5")
    assert found.memory["StartPreparationFunction"] == D("0.25")
    assert (found.secrets, found.queues, found.states) == (3, 2, (7, 8))
    assert not found.brought_along


def test_a_time_to_live_of_zero_takes_the_cache_away() -> None:
    assert system(CacheTtlSeconds="0").cache_size == ""


def test_the_limit_is_that_of_the_warehouse_that_is_made() -> None:
    limited = {"UsageLimitRpuHours": "50", "UsageLimitAction": "deactivate"}
    found = system(**limited)
    assert (found.usage_limit, found.usage_action) == (D(50), "deactivate")
    assert system(UsageLimitRpuHours="0").usage_limit == 0
    assert system(**limited, ExistingWorkgroupName="theirs").usage_limit == 0


def test_a_warehouse_that_is_brought_along_has_its_own_secret() -> None:
    found = system(ExistingWorkgroupName="theirs")
    assert (found.secrets, found.brought_along) == (2, True)


def test_alarms_are_counted_by_the_metrics_they_watch() -> None:
    watching = {
        "One": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}},
        "Ratio": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "a/b"}]
            },
        },
    }
    document = {**DOCUMENT, "Resources": {**DOCUMENT["Resources"], **watching}}
    parameters = chosen(DOCUMENT["Parameters"])
    found = system_of(Template(document, parameters), WORKFLOW)
    assert found.alarms == system().alarms + 3


def test_every_type_of_resource_is_priced_or_free_for_a_reason() -> None:
    types = {resource["Type"] for resource in DOCUMENT["Resources"].values()}
    told = COVERAGE["resources"]["priced"] | COVERAGE["resources"]["free"]
    assert types - told.keys() == set()
    assert all(told.values())


def test_every_parameter_is_priced_or_told_or_free_for_a_reason() -> None:
    told: dict[str, str] = {}
    for kind in COVERAGE["parameters"].values():
        assert not told.keys() & kind.keys()
        told |= kind
    assert set(DOCUMENT["Parameters"]) - told.keys() == set()
    assert all(told.values())


def test_every_size_of_the_cache_has_a_price() -> None:
    for size in DOCUMENT["Parameters"]["CacheClusterSize"]["AllowedValues"]:
        assert costs(CacheClusterSize=str(size))["API Gateway: cache"].least > 0


# Two sets of parameters for each name, which differ in it alone.
DIFFERENCES: dict[str, tuple[dict[str, str], str]] = {
    "AlertEmail": ({}, "a@example.com"),
    "Architecture": ({}, "x86_64"),
    "BaseCapacity": ({}, "4"),
    "BatchWindowSeconds": ({}, "60"),
    "CacheClusterSize": ({}, "1.6"),
    "CacheTtlSeconds": ({}, "3600"),
    "CheckMinutes": ({}, "2"),
    "ExistingWorkgroupName": ({}, "theirs"),
    "LoadWindowSeconds": ({}, "60"),
    "LogRetentionDays": ({}, "365"),
    "ReadsPerSecond": ({"CacheTtlSeconds": "1"}, "1"),
    "TraceShare": ({}, "0.05"),
    "UsageLimitAction": ({"UsageLimitRpuHours": "10", "UsageLimitAction": "log"}, "deactivate"),
    "UsageLimitRpuHours": ({"UsageLimitAction": "deactivate"}, "10"),
    "MaxCapacity": ({}, "64"),
    "RequestsPerSecond": ({}, "10"),
    "AllowedOrigin": ({}, "https://app.example.com"),
    "DatabaseName": ({}, "other"),
    "RoleBoundaryArn": ({}, "arn:aws:iam::000000000000:policy/bounds"),
    "ShiftTraffic": ({}, "true"),
    "EventVisibilitySeconds": ({}, "900"),
    "FreshnessSeconds": ({}, "1800"),
    "MissingAfterSeconds": ({}, "3600"),
    "ExistingAdminSecretArn": ({}, "arn:aws:secretsmanager:us-east-1:000000000000:secret:x"),
    "ExistingWorkgroupArn": ({}, "arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/x"),
    "LocalCloudEndpoint": ({}, "http://127.0.0.1:1"),
    "LoadVisibilitySeconds": ({}, "2000"),
    "RedshiftDataEndpoint": ({}, "http://127.0.0.1:1"),
    "WarehouseSubnetIds": ({}, "subnet-1,subnet-2"),
}


@pytest.mark.parametrize("name", sorted(DOCUMENT["Parameters"]))
def test_a_parameter_changes_the_bill_if_and_only_if_it_is_priced(name: str) -> None:
    around, value = DIFFERENCES[name]
    changed = costs(**around | {name: value}) != costs(**around)
    assert changed == (name in COVERAGE["parameters"]["priced"])


@pytest.mark.parametrize("name", sorted(COVERAGE["parameters"]["told"]))
def test_a_parameter_that_costs_nothing_itself_is_told_where_it_matters(name: str) -> None:
    around, value = DIFFERENCES[name]
    assert notes_of(BUSY, **around | {name: value}) != notes_of(BUSY, **around)
    assert notes_of(BUSY, **around | {name: value}).count(f"{value}") > 0


# --- what is assumed -----------------------------------------------------------------------


def test_limits_are_those_of_the_code() -> None:
    assert queue.MAX_MESSAGE_BYTES == QUEUE_MESSAGE_BYTES
    assert (batches.MAX_ROWS, batches.MAX_BYTES) == (UPLOAD_ROWS, UPLOAD_BYTES)


def test_steps_are_kept_as_long_as_the_bucket_keeps_them() -> None:
    properties = DOCUMENT["Resources"]["LakeBucket"]["Properties"]
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    old = rules["drop-old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"]
    assert assumptions().step_days == rules["drop-steps"]["ExpirationInDays"] + old


def test_all_metrics_of_the_functions_are_counted() -> None:
    types = len(list((ROOT / "src/pipeline/catalogue").glob("*.json")))
    assert assumptions().metrics_in_all == series(types), sorted(written())


def test_every_assumption_is_told_with_its_value() -> None:
    assumed = assumptions()
    values = tomllib.loads((ROOT / "local/cost/assumptions.toml").read_text())
    del values["functions"]
    assert len(assumed.told) == len(values)
    for about, told in zip(values.values(), assumed.told, strict=True):
        assert str(about["value"]) in told


# --- the report ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0"), ("0.004", "<0.01"), ("9.999", "10.00"), ("99.4", "99.40"), ("1234.5", "1,234")],
)
def test_money_is_written_without_cents_that_say_nothing(amount: str, text: str) -> None:
    assert money(D(amount)) == text


def test_a_span_that_reads_the_same_is_written_once() -> None:
    assert span(Span(D("1.001"), D("1.004"))) == "1.00"
    assert span(Span(D(1), D(1000))) == "1.00–1,000"  # noqa: RUF001 (as it is printed)


def test_the_report_has_a_column_a_rate_and_a_line_a_cost() -> None:
    lines = report(priced()).splitlines()
    table = [line for line in lines if line.startswith("|")]
    header = [cell.strip() for cell in table[0].strip("|").split("|")]
    assert header == ["", "idle", "events only", "10/s", "100/s", "1,000/s"]
    names = [line.split("|")[1].strip() for line in table]
    assert {*costs(), "**total**", "as it is", "LoadWindowSeconds=60"} <= set(names)
    assert len({line.count("|") for line in table}) == 1


def test_the_total_is_the_sum_of_its_column() -> None:
    asked = priced()
    at_100 = total(bill(asked.system({}), BUSY, asked.assumed, asked.prices))
    (row,) = [line for line in report(asked).splitlines() if "**total**" in line]
    assert row.split("|")[5].strip() == f"**{span(at_100)}**"


def test_a_value_that_is_there_already_is_no_change() -> None:
    assert "| BaseCapacity=4 " in report(priced(BaseCapacity="8"))
    assert "| BaseCapacity=4 " not in report(priced(BaseCapacity="4"))


def test_the_report_says_what_it_was_asked() -> None:
    said = report(priced(LoadWindowSeconds="60", CacheClusterSize="6.1"))
    assert "`prod` in us-east-1" in said
    assert "LoadWindowSeconds=60, CacheTtlSeconds=300, CacheClusterSize=6.1" in said


def test_how_many_are_misses_is_told() -> None:
    assert "a miss once in CacheTtlSeconds=300 at most, all of them 0.17 times" in notes_of()
    assert "without a cache each request is a miss" in notes_of(CacheTtlSeconds="0")


def test_answers_that_do_not_fit_the_cache_are_told() -> None:
    many = replace(BUSY, questions=D(1_000_000))
    assert "1,000,000 answers need 1.9 GB, which CacheClusterSize=0.5 has not" in notes_of(many)
    assert "answers need" not in notes_of()
    assert "answers need" not in notes_of(many, CacheTtlSeconds="0")


def test_use_beyond_the_limit_is_told() -> None:
    # Fifty questions in 300 s keep 8 RPUs awake all day.
    assert "At most 192 RPU-hours a day are used here" in notes_of(UsageLimitRpuHours="191")
    assert "RPU-hours a day are used here" not in notes_of(UsageLimitRpuHours="192")
    assert "RPU-hours a day are used here" not in notes_of(UsageLimitRpuHours="0")


def test_misses_beyond_the_budget_are_told() -> None:
    assert "misses a second are more than ReadsPerSecond=15" in notes_of(CacheTtlSeconds="1")
    assert "misses a second" not in notes_of()


def test_a_warehouse_that_is_brought_along_is_told() -> None:
    assert "The workgroup is brought along" in notes_of(ExistingWorkgroupName="theirs")
    assert "The workgroup is brought along" not in notes_of()


@pytest.mark.parametrize(
    ("entrance", "told"),
    [
        ("request", "come in by POST /v1/events, 10 in each, evenly"),
        ("webhook", "come in by webhooks, 10 in each, evenly"),
        ("change", "come in by items of the table, evenly"),
        ("upload", "come in by objects under incoming/, 10 in each, evenly"),
    ],
)
def test_the_entrance_is_told(entrance: Any, told: str) -> None:
    assert told in notes_of(replace(BUSY, entrance=entrance))


def test_free_tiers_and_secondary_prices_are_told() -> None:
    assert "Not counted: free tiers" in notes_of()
    assert "api-request, redshift-rpu-hour, states-transition, xray-trace" in notes_of()


# --- the command ---------------------------------------------------------------------------


def test_the_command_prices_what_would_be_deployed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "--events-per-second", "1", "LoadWindowSeconds=60"], PRICES.checked) == 0
    out, err = capsys.readouterr()
    assert "BatchWindowSeconds=5, LoadWindowSeconds=60, CacheTtlSeconds=300" in out
    assert "BaseCapacity=4" in out
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["staging"], "samconfig.toml has no environment staging; it has dev, prod"),
        (["prod", "LoadWindowSeconds=900"], "allowed is a number from 1 to 300"),
        (["prod", "LoadWindow=60"], "template.yaml has no parameter LoadWindow; it has"),
        (["prod", "CacheClusterSize=1"], "allowed is 0.5, 1.6, 6.1"),
        (["prod", "--region", "eu-west-1"], "they are for us-east-1"),
        (["prod", "fast"], "fast is no parameter; write Name=Value"),
    ],
)
def test_the_command_refuses_what_it_cannot_price(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert reason in err
    assert out == ""


@pytest.mark.parametrize(
    "wrong", [["--events-per-second", "-1"], ["--questions", "0"], ["--months", "a"]]
)
def test_traffic_that_cannot_be_is_refused(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["prod", *wrong])
    assert "is no number from" in capsys.readouterr().err


@pytest.mark.parametrize(("days", "old"), [(365, False), (366, True)])
def test_prices_older_than_a_year_are_warned_of(
    days: int, *, old: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    today = date.fromordinal(PRICES.checked.toordinal() + days)
    assert main(["prod"], today) == 0
    assert ("more than a year ago" in capsys.readouterr().err) == old


def test_the_docs_show_what_the_command_prints(tmp_path: Path) -> None:
    document = tmp_path / "cost.md"
    document.write_text((ROOT / "docs/cost.md").read_text())
    assert main(["prod", "--document", str(document)], PRICES.checked) == 0
    assert document.read_text() == (ROOT / "docs/cost.md").read_text(), (
        "make cost ENV=prod ARGS='--document docs/cost.md' writes it anew"
    )


def test_figures_replace_those_between_the_marks(tmp_path: Path) -> None:
    document = tmp_path / "some.md"
    document.write_text("before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n")
    assert main(["prod", "--document", str(document)], PRICES.checked) == 0
    text = document.read_text()
    assert text.startswith("before\n<!-- figures -->\nUS dollars a month")
    assert text.endswith("|\n<!-- end of figures -->\nafter\n")
    assert "old" not in text.replace("threshold", "")


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "some.md"
    document.write_text("text\n")
    with pytest.raises(SystemExit, match="has no marks"):
        main(["prod", "--document", str(document)], PRICES.checked)
    assert document.read_text() == "text\n"
