"""What a month costs: quantities reckoned by hand, and what must hold for any traffic."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.cost.assumptions import Assumptions, Work, assumptions
from local.cost.bill import Span, bill, ceilings, total
from local.cost.prices import prices_of
from local.cost.system import Reader, System
from local.cost.traffic import Bound, Entrance, Traffic, flow_of
from local.cost.usage import Month, uses
from local.parameters import Refused

MONTH = 2_628_000  # seconds of 730 hours
D = Decimal
PRICES = prices_of("us-east-1")
SYSTEM = System(
    base_capacity=D(4),
    max_capacity=D(8),
    usage_limit=D(0),
    usage_action="log",
    brought_along=False,
    stage=Reader(window=D(5), batch_size=D(1000), concurrency=D(10)),
    load=Reader(window=D(300), batch_size=D(200), concurrency=D(2)),
    cache_size="0.5",
    cache_ttl=D(300),
    reads_per_second=D(15),
    requests_per_key=D(100),
    architecture="arm64",
    memory=dict.fromkeys(assumptions().functions, D("0.5")),
    log_days=D(30),
    emails=1,
    alarms=3,
    composites=2,
    dashboards=1,
    trace_share=D("0.01"),
    check_minutes=D(60),
    secrets=3,
    methods=14,
    queues=2,
    states=(7, 8),
)
# Ten events a second, ten in a request: one message and one API request a second.
FLOWING = Traffic(
    requests=D(0),
    events=D(10),
    event_bytes=D(1024),
    events_per_delivery=D(10),
    entrance="request",
    questions=D(50),
    answer_bytes=D(2**20),
    months=D(1),
)
IDLE = replace(FLOWING, events=D(0))
ASSUMED = replace(
    assumptions(),
    row_bytes=D(0),
    check_seconds=D(0),
    metrics_when_well=D(8),
    metrics_in_all=D(23),
    functions=dict.fromkeys(assumptions().functions, Work(D(1), D(0))),
)


def used(
    system: System = SYSTEM,
    traffic: Traffic = IDLE,
    bound: Bound = Bound.LEAST,
    assumed: Assumptions = ASSUMED,
) -> Mapping[str, Decimal]:
    return {use.price: use.quantity for use in uses(system, traffic, assumed, bound)}


def priced(system: System = SYSTEM, traffic: Traffic = IDLE) -> Mapping[str, Span]:
    return bill(system, traffic, ASSUMED, PRICES)


def loading_each(seconds: int) -> System:
    slow = replace(SYSTEM.stage, window=D(seconds))
    return replace(SYSTEM, stage=slow, load=replace(SYSTEM.load, window=D(seconds)))


# --- the warehouse -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "least", "most"), [(60, 1095, 1095), (120, "547.5", 1095), (300, 219, 438)]
)
def test_each_load_wakes_the_warehouse_for_a_minute(seconds: int, least: str, most: str) -> None:
    cost = priced(loading_each(seconds), FLOWING)["Redshift: RPU-hours"]
    assert (round(cost.least, 9), round(cost.most, 9)) == (D(least), D(most))


def test_twice_the_capacity_is_twice_the_price() -> None:
    system = replace(loading_each(60), base_capacity=D(8))
    assert priced(system, FLOWING)["Redshift: RPU-hours"] == Span(D(2190), D(2190))


def test_idle_the_warehouse_costs_nothing() -> None:
    assert priced()["Redshift: RPU-hours"] == Span()


def test_one_question_wakes_the_warehouse_once_in_the_time_to_live() -> None:
    asking = replace(IDLE, requests=D(10), questions=D(1))
    assert round(used(traffic=asking)["redshift-rpu-hour"], 9) == D(4) * 730 / 5


def test_a_check_wakes_the_warehouse_too_and_seldom_when_nothing_comes() -> None:
    assumed = replace(ASSUMED, check_seconds=D(60), load_seconds=D(0))
    hourly = replace(SYSTEM, base_capacity=D(8), check_minutes=D(60))
    flowing = used(hourly, FLOWING, assumed=assumed)["redshift-rpu-hour"]
    assert round(flowing, 6) == round(8 * D(730) / 60, 6)
    daily = used(hourly, IDLE, assumed=assumed)["redshift-rpu-hour"]
    assert round(daily, 6) == round(8 * D(730) / (24 * 60), 6)


def test_questions_cost_least_when_they_fall_together_and_most_when_they_do_not() -> None:
    asking = replace(IDLE, requests=D(10), questions=D(3))
    cost = priced(traffic=asking)["Redshift: RPU-hours"]
    assert (round(cost.least, 9), round(cost.most, 9)) == (D(219), D(657))


def test_a_load_and_a_question_in_the_same_minute_are_billed_once_at_least() -> None:
    asking = replace(FLOWING, requests=D(10), questions=D(1))
    cost = priced(loading_each(300), asking)["Redshift: RPU-hours"]
    assert (round(cost.least, 9), round(cost.most, 9)) == (D(219), D(657))


def test_a_queue_that_fills_a_load_earlier_makes_more_loads() -> None:
    # One batch a second announces two messages: 200 are there after 100 s, not after 300 s.
    flow = flow_of(SYSTEM, FLOWING, ASSUMED, Bound.MOST)
    assert (flow.batches, flow.loads) == (D(1), D(2) / 200)


def test_fewer_announcements_than_windows_make_as_few_loads() -> None:
    rare = replace(FLOWING, events=D("0.001"))
    flow = flow_of(SYSTEM, rare, ASSUMED, Bound.MOST)
    assert flow.loads == D("0.0002")  # one delivery in 10,000 s, announced twice


def test_a_limit_that_deactivates_ends_the_rpu_hours() -> None:
    limited = replace(loading_each(60), usage_limit=D(10), usage_action="deactivate")
    assert round(used(limited, FLOWING)["redshift-rpu-hour"], 3) == D("304.167")


@pytest.mark.parametrize("action", ["log", "emit-metric"])
def test_a_limit_that_only_tells_ends_nothing(action: str) -> None:
    limited = replace(loading_each(60), usage_limit=D(10), usage_action=action)
    assert used(limited, FLOWING)["redshift-rpu-hour"] == 2920


def test_the_ceilings_are_capacity_and_limit() -> None:
    assert "$2,190 a month" in ceilings(SYSTEM, PRICES)[0]
    assert "sets no limit" in ceilings(SYSTEM, PRICES)[1]
    limited = replace(SYSTEM, usage_limit=D(100), usage_action="deactivate")
    assert "=100 a day are $1,141 a month;" in ceilings(limited, PRICES)[1]
    assert "refuses everything, loads too, until the day is over" in ceilings(limited, PRICES)[1]
    told = replace(SYSTEM, usage_limit=D(100), usage_action="emit-metric")
    assert "it is only told (emit-metric)" in ceilings(told, PRICES)[1]


def test_the_warehouse_stores_what_came_in_all_months() -> None:
    stored = used(traffic=replace(FLOWING, months=D(12)))["redshift-gb-month"]
    assert round(stored, 3) == D("300.751")  # 10 x 1 KB x 2,628,000 s x 12


# --- the endpoint --------------------------------------------------------------------------


def test_requests_are_priced_by_tiers() -> None:
    cost = priced(traffic=replace(IDLE, requests=D(1000)))["API Gateway: requests"]
    assert cost.least == D("1165.5") + D("1867.6") + D("3874.64")


def test_events_that_are_posted_are_requests_too() -> None:
    assert used(traffic=replace(FLOWING, requests=D(1)))["api-request"] == 2 * MONTH


def test_half_a_gigabyte_of_cache_is_14_60() -> None:
    assert priced()["API Gateway: cache"] == Span(D("14.60"), D("14.60"))


def test_without_a_cache_none_is_billed() -> None:
    assert "API Gateway: cache" not in priced(replace(SYSTEM, cache_size="", cache_ttl=D(0)))


def test_a_question_is_missed_once_in_the_time_to_live() -> None:
    flow = flow_of(SYSTEM, replace(IDLE, requests=D(100)), ASSUMED, Bound.LEAST)
    assert flow.misses == D(50) / 300


def test_no_more_is_missed_than_is_asked() -> None:
    flow = flow_of(SYSTEM, replace(IDLE, requests=D("0.01")), ASSUMED, Bound.LEAST)
    assert flow.misses == D("0.01")


def test_without_a_cache_all_are_misses_and_the_budget_caps_the_reads() -> None:
    uncached = replace(SYSTEM, cache_ttl=D(0))
    flow = flow_of(uncached, replace(IDLE, requests=D(100)), ASSUMED, Bound.LEAST)
    assert (flow.misses, flow.reads, flow.awake) == (D(100), D(15), D(1))


def test_answers_leave_by_the_gigabyte() -> None:
    assert used(traffic=replace(IDLE, requests=D(1)))["transfer-gb"] == D(MONTH) / 1024


# --- from the queue to the lake ------------------------------------------------------------


@pytest.mark.parametrize(("bound", "batches"), [(Bound.LEAST, "0.2"), (Bound.MOST, "1")])
def test_a_window_is_each_pollers_own(bound: Bound, batches: str) -> None:
    assert flow_of(SYSTEM, FLOWING, ASSUMED, bound).batches == D(batches)


def test_a_thousand_messages_end_a_batch_before_its_window_does() -> None:
    many = replace(FLOWING, events=D(20_000), event_bytes=D(1))
    assert flow_of(SYSTEM, many, ASSUMED, Bound.LEAST).batches == 2


def test_six_megabytes_end_a_batch_before_its_window_does() -> None:
    large = replace(FLOWING, events=D(60_000), event_bytes=D(1000), events_per_delivery=D(500))
    assert flow_of(SYSTEM, large, ASSUMED, Bound.LEAST).batches == 10


@pytest.mark.parametrize(("bound", "transitions"), [(Bound.LEAST, "1.4"), (Bound.MOST, 8)])
def test_every_state_of_every_batch_is_a_transition(bound: Bound, transitions: str) -> None:
    assert used(traffic=FLOWING, bound=bound)["states-transition"] == D(transitions) * MONTH


def test_a_batch_is_announced_with_its_events_and_with_its_facts() -> None:
    assert used(traffic=FLOWING)["eventbridge-event"] == D("0.4") * MONTH


def test_idle_queues_are_polled_all_the_same() -> None:
    assert used()["sqs-request"] == 2 * 5 * MONTH / 20


def test_a_message_is_sent_received_and_deleted() -> None:
    polled, rows, announcements = D("0.5"), 3, 3 * D("0.4")
    assert used(traffic=FLOWING)["sqs-request"] == (polled + rows + announcements) * MONTH


def test_a_message_is_billed_by_64_kilobytes() -> None:
    # 10 events of 12.8 KB are 128 KB: two chunks sent, two received, one message deleted.
    large = replace(FLOWING, event_bytes=D("13107.2"))
    assert used(traffic=large)["sqs-request"] == (D("0.5") + 5 + D("1.2")) * MONTH


def test_a_quarter_of_a_megabyte_ends_a_message() -> None:
    large = replace(FLOWING, events=D(100), event_bytes=D(50_000), events_per_delivery=D(100))
    assert flow_of(SYSTEM, large, ASSUMED, Bound.LEAST).messages == 20


def test_alerts_are_published_and_mailed_at_most_once_a_batch() -> None:
    assert used(traffic=FLOWING)["sns-publish"] == 0
    most = used(replace(SYSTEM, emails=2), FLOWING, Bound.MOST)
    assert (most["sns-publish"], most["sns-email"]) == (D(MONTH), D(2 * MONTH))


def test_objects_are_written_and_read_for_batches_loads_and_reads() -> None:
    # 5 PUTs and 6 GETs for each of 0.2 batches, 3 manifests for each of 1/300 loads.
    asking = replace(FLOWING, requests=D(10), questions=D(3))
    quantities = used(traffic=asking)
    assert round(quantities["s3-put"], 6) == D("1.02") * MONTH  # 1 + 0.01 + 3/300
    assert round(quantities["s3-get"], 6) == D("1.21") * MONTH


def test_the_lake_keeps_batches_and_facts_and_steps_for_a_while() -> None:
    assumed = replace(ASSUMED, lake_share=D("0.5"), step_days=D(730) / 24)
    kept = used(traffic=replace(FLOWING, months=D(3)), assumed=assumed)["s3-gb-month"]
    a_month = D(10 * 1024 * MONTH) / 2**30 / 2
    assert round(kept, 9) == round(a_month * (3 + 3 + 2), 9)


# --- functions, logs, traces ---------------------------------------------------------------


def test_invocations_are_counted_by_function() -> None:
    # 1 receives, 0.2 stage, start and three steps, 1/300 load, 3/300 read.
    asking = replace(FLOWING, requests=D(10), questions=D(3))
    calls = 1 + 5 * D("0.2") + D(1) / 300 + D(3) / 300
    quantities = used(traffic=asking)
    assert round(quantities["lambda-request"], 6) == round(calls * MONTH, 6)
    assert round(quantities["lambda-gb-second arm64"], 6) == round(calls * MONTH / 2, 6)


def test_an_event_takes_microseconds() -> None:
    assert {D(0), D("0.00004")} <= {work.an_event for work in assumptions().functions.values()}


def test_what_an_event_takes_does_not_depend_on_memory() -> None:
    works = {name: Work(D(0), D(0)) for name in ASSUMED.functions}
    works["StageBatchFunction"] = Work(D(0), D("0.001"))
    assumed = replace(ASSUMED, functions=works)
    small = replace(SYSTEM, memory=dict.fromkeys(SYSTEM.memory, D("0.25")))
    for system in (SYSTEM, small):
        seconds = used(system, FLOWING, assumed=assumed)["lambda-gb-second arm64"]
        assert seconds == D("0.01") * MONTH * 1769 / 1024


def test_the_architecture_chooses_the_price() -> None:
    other = replace(SYSTEM, architecture="x86_64")
    arm, x86 = priced(traffic=FLOWING)["Lambda"], priced(other, FLOWING)["Lambda"]
    requests = used(traffic=FLOWING)["lambda-request"] / 1_000_000 / 5
    assert round((x86.least - requests) / (arm.least - requests), 4) == D("1.2500")


def test_logs_are_paid_as_they_come_and_as_they_stay() -> None:
    assumed = replace(ASSUMED, log_bytes=D(1024), log_share=D("0.1"))
    twice = replace(SYSTEM, log_days=D(730) / 12)  # two months
    quantities = used(twice, FLOWING, assumed=assumed)
    taken = quantities["lambda-request"] / 1024 / 1024
    assert round(quantities["logs-gb"], 9) == round(taken, 9)
    assert round(quantities["logs-gb-month"], 9) == round(taken / 5, 9)


def test_metrics_are_paid_while_something_happens_and_alarms_always() -> None:
    assert (used()["metric-month"], used()["alarm-month"]) == (D(0), D(3))
    assert (used()["composite-alarm-month"], used()["dashboard-month"]) == (D(2), D(1))
    assert used(traffic=FLOWING)["metric-month"] == 8 + 7
    assert used(traffic=replace(FLOWING, requests=D(1)))["metric-month"] == 8 + 2 * 7
    assert used(traffic=FLOWING, bound=Bound.MOST)["metric-month"] == 23 + 14 * 7


def test_one_trace_a_second_is_recorded_and_a_hundredth_of_the_rest() -> None:
    traced = used(traffic=replace(IDLE, requests=D(101)))["xray-trace"]
    assert traced == (1 + 1) * MONTH


def test_batches_are_traced_by_a_share_that_nobody_can_change() -> None:
    none, many = replace(SYSTEM, trace_share=D(0)), replace(FLOWING, events=D(9000))
    twice = replace(ASSUMED, trace_share=2 * ASSUMED.trace_share)
    assert used(none, many, assumed=twice)["xray-trace"] > used(none, many)["xray-trace"]


def test_secrets_cost_whether_they_are_read_or_not() -> None:
    assert priced()["Secrets Manager"] == Span(D("1.20"), D("1.20"))


def test_idle_costs_the_cache_the_secrets_the_alarms_and_the_polling() -> None:
    costs = {line: cost.least for line, cost in priced().items() if cost.most}
    assert costs == {
        "API Gateway: cache": D("14.60"),
        "SQS": D("0.5256"),
        "CloudWatch: metrics, alarms": D("0.30") + D("1.00") + D("3.00"),
        "Secrets Manager": D("1.20"),
    }


# --- the other entrances -------------------------------------------------------------------


def test_items_are_written_by_the_kilobyte_and_kept_with_their_backup() -> None:
    change = replace(FLOWING, entrance="change", event_bytes=D(1025))
    quantities = used(traffic=change)
    assert quantities["dynamodb-write"] == 20 * MONTH
    kept = D(10 * 1025 * MONTH) / 2**30
    assert quantities["dynamodb-gb-month"] == quantities["dynamodb-backup-gb-month"] == kept
    assert quantities["api-request"] == 0


def test_items_are_received_once_a_second_however_many_they_are() -> None:
    for events, calls in ((D("0.5"), D("0.5")), (D(10), D(1)), (D(5000), D(5))):
        change = replace(FLOWING, entrance="change", events=events)
        assert flow_of(SYSTEM, change, ASSUMED, Bound.LEAST).deliveries == calls


def test_a_read_takes_a_token_and_a_claim() -> None:
    asking = replace(IDLE, requests=D(10), questions=D(3))
    assert round(used(traffic=asking)["dynamodb-write"], 6) == D("0.02") * MONTH
    uncached = replace(SYSTEM, cache_ttl=D(0))
    assert used(uncached, asking)["dynamodb-write"] == 10 * MONTH


def test_webhooks_need_no_gateway() -> None:
    webhooks = replace(FLOWING, entrance="webhook")
    assert used(traffic=webhooks)["api-request"] == 0
    assert used(traffic=webhooks)["lambda-request"] == used(traffic=FLOWING)["lambda-request"]


def test_uploads_make_batches_without_the_queue() -> None:
    upload = replace(FLOWING, entrance="upload", events_per_delivery=D(20_000), event_bytes=D(100))
    flow = flow_of(SYSTEM, upload, ASSUMED, Bound.LEAST)
    assert (flow.messages, flow.chunks, flow.batches) == (D(0), D(0), D(10) / 5000)
    calls = flow.deliveries + 4 * flow.batches + flow.loads
    assert used(traffic=upload)["lambda-request"] == calls * MONTH


def test_eight_megabytes_end_a_batch_of_an_upload() -> None:
    upload = replace(FLOWING, entrance="upload", events_per_delivery=D(4_000), event_bytes=D(8_000))
    assert flow_of(SYSTEM, upload, ASSUMED, Bound.LEAST).batches == D("0.01")


def test_an_upload_is_written_and_read_once_itself() -> None:
    upload = replace(FLOWING, entrance="upload")
    flow = flow_of(SYSTEM, upload, ASSUMED, Bound.LEAST)
    quantities = used(traffic=upload)
    manifests = 3 * flow.loads
    assert quantities["s3-put"] == (flow.deliveries + 5 * flow.batches + manifests) * MONTH
    assert quantities["s3-get"] == (flow.deliveries + 6 * flow.batches + manifests) * MONTH


def test_uploads_are_kept_beside_what_is_made_of_them() -> None:
    upload = replace(FLOWING, entrance="upload")
    more = used(traffic=upload)["s3-gb-month"] - used(traffic=FLOWING)["s3-gb-month"]
    assert round(more, 9) == round(D(10 * 1024 * MONTH) / 2**30, 9)


# --- what holds for any traffic ------------------------------------------------------------

UNTIMED = settings(deadline=None)  # a busy machine is no fault
RATES = st.decimals(0, 5000, places=3)
WINDOWS = st.integers(1, 300)
TRAFFICS = st.builds(
    Traffic,
    requests=RATES,
    events=RATES,
    event_bytes=st.integers(1, 60_000).map(D),
    events_per_delivery=st.integers(1, 500).map(D),
    entrance=st.sampled_from(["request", "webhook", "change", "upload"]),
    questions=st.integers(1, 100_000).map(D),
    answer_bytes=st.integers(0, 1_000_000).map(D),
    months=st.integers(0, 60).map(D),
)
SYSTEMS = st.builds(
    lambda stage, load, ttl, base: replace(
        SYSTEM,
        stage=replace(SYSTEM.stage, window=D(stage)),
        load=replace(SYSTEM.load, window=D(load)),
        cache_ttl=D(ttl),
        base_capacity=D(base),
    ),
    WINDOWS,
    WINDOWS,
    st.integers(0, 3600),
    st.sampled_from([4, 8, 128]),
)
# What is the same but for the order of roundings in 28 digits.
SAME = D("0.000001")


def not_dearer(first: Span, second: Span) -> bool:
    return first.least <= second.least + SAME and first.most <= second.most + SAME


def cost(system: System, traffic: Traffic) -> Span:
    return total(priced(system, traffic))


@UNTIMED
@given(SYSTEMS, TRAFFICS)
def test_no_line_costs_less_than_nothing_or_less_at_most_than_at_least(
    system: System, traffic: Traffic
) -> None:
    for line, costs in priced(system, traffic).items():
        assert 0 <= costs.least <= costs.most + SAME, line


@UNTIMED
@given(SYSTEMS, TRAFFICS, RATES)
def test_more_requests_are_never_cheaper(system: System, traffic: Traffic, more: Decimal) -> None:
    busier = replace(traffic, requests=traffic.requests + more)
    assert not_dearer(cost(system, traffic), cost(system, busier))


@UNTIMED
@given(SYSTEMS, TRAFFICS, RATES)
def test_more_events_are_never_cheaper(system: System, traffic: Traffic, more: Decimal) -> None:
    busier = replace(traffic, events=traffic.events + more)
    assert not_dearer(cost(system, traffic), cost(system, busier))


@UNTIMED
@given(SYSTEMS, TRAFFICS, WINDOWS)
def test_a_longer_window_is_never_dearer(system: System, traffic: Traffic, more: int) -> None:
    staged = replace(system, stage=replace(system.stage, window=system.stage.window + more))
    loaded = replace(system, load=replace(system.load, window=system.load.window + more))
    assert not_dearer(cost(staged, traffic), cost(system, traffic))
    assert not_dearer(cost(loaded, traffic), cost(system, traffic))


@UNTIMED
@given(SYSTEMS, TRAFFICS, WINDOWS)
def test_keeping_answers_longer_is_never_dearer(
    system: System, traffic: Traffic, more: int
) -> None:
    system = replace(system, cache_ttl=system.cache_ttl + 1)  # there is a cache
    longer = replace(system, cache_ttl=system.cache_ttl + more)
    assert not_dearer(cost(longer, traffic), cost(system, traffic))


@UNTIMED
@given(SYSTEMS, TRAFFICS, st.integers(1, 3000))
def test_a_limit_is_never_exceeded(system: System, traffic: Traffic, limit: int) -> None:
    limited = replace(system, usage_limit=D(limit), usage_action="deactivate")
    for bound in Bound:
        month = Month(limited, traffic, ASSUMED, bound, flow_of(limited, traffic, ASSUMED, bound))
        assert month.rpu_hours() <= limit * D(730) / 24 + SAME


# --- prices --------------------------------------------------------------------------------


def test_each_part_of_a_quantity_is_priced_at_its_tier() -> None:
    table = (
        "checked = 2026-01-01\n[here.x]\nper = 10\nunit = 'one'\nsource = ''\nsecondary = true\n"
        "tiers = [{units = 100, usd = 3}, {units = 50, usd = 2}, {usd = 1}]"
    )
    price = prices_of("here", table)["x"]
    assert [price.cost(D(n)) for n in (0, 10, 100, 110, 160)] == [0, 3, 30, 32, 41]


def test_a_region_without_prices_is_refused_with_those_that_have_them() -> None:
    with pytest.raises(Refused, match="no prices are known for eu-west-1; they are for us-east-1"):
        prices_of("eu-west-1")


def test_a_deployment_without_a_region_is_refused() -> None:
    with pytest.raises(Refused, match="no Region is named; they are for us-east-1"):
        prices_of("")


def test_a_price_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match=r"has no price api-cache-hour 7 for us-east-1"):
        priced(replace(SYSTEM, cache_size="7"))


def test_every_price_says_where_it_is_from_and_of_what() -> None:
    assert all(price.source and price.unit for price in PRICES.table.values())


@pytest.mark.parametrize("entrance", ["request", "webhook", "change", "upload"])
def test_every_quantity_has_a_price(entrance: Entrance) -> None:
    for bound in Bound:
        for price in used(traffic=replace(FLOWING, entrance=entrance), bound=bound):
            assert PRICES[price]


def test_every_price_is_used() -> None:
    systems = [
        replace(SYSTEM, cache_size=name.removeprefix("api-cache-hour "), architecture=architecture)
        for name in PRICES.table
        if name.startswith("api-cache-hour ")
        for architecture in ("arm64", "x86_64")
    ]
    assert {price for system in systems for price in used(system)} == set(PRICES.table)
