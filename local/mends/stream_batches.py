"""DynamoDB stream mappings collect, retry, split and give up as their settings say.

AWS collects a batch for MaximumBatchingWindowInSeconds, retries a failed one up to
MaximumRetryAttempts times, halves it with BisectBatchOnFunctionError, resumes at the first failed
record with ReportBatchItemFailures, and sends what it gives up to DestinationConfig.OnFailure.
Stock ministack knows none of these: it retries a failed batch for ever and takes a batch with
reported failures as done. It also invokes on the thread that polls all queues.
"""

import time
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import _request_account_id, _request_region
from ministack.services import dynamodb, lambda_svc

from local.mends.seams import seam

_RETRY_SECONDS = 1.0
_FOR_EVER = -1

_iter_all_esms = seam(__name__, lambda_svc, "_iter_all_esms")
_esms = seam(__name__, lambda_svc, "_esms")
_inflight = seam(__name__, lambda_svc, "_esm_inflight")
_dispatch = seam(__name__, lambda_svc, "_dispatch_esm_batch")
_positions = seam(__name__, lambda_svc, "_dynamodb_stream_positions")
_positions_lock = seam(__name__, lambda_svc, "_dynamodb_stream_positions_lock")
_filter = seam(__name__, lambda_svc, "_apply_filter_criteria")
_function = seam(__name__, lambda_svc, "_get_func_record_for_qualifier")
_give_up = seam(__name__, lambda_svc, "_send_ddb_stream_failure_record")
_start = seam(__name__, dynamodb, "stream_start_position")
_end = seam(__name__, dynamodb, "stream_end_position")
_records_since = seam(__name__, dynamodb, "stream_records_since")
seam(__name__, lambda_svc, "_poll_dynamodb_streams")

_first_seen: dict[tuple[str, int], float] = {}


def apply() -> None:
    """Replace the poller of DynamoDB streams."""
    lambda_svc._poll_dynamodb_streams = _poll


def _poll() -> bool:
    """Dispatch a batch of each idle mapping that has one; true if any had."""
    dispatched = False
    for account, region, mapping in _iter_all_esms():
        if ":dynamodb:" not in mapping["EventSourceArn"] or not mapping.get("Enabled", True):
            continue
        account_token = _request_account_id.set(account)
        region_token = _request_region.set(region)
        try:
            dispatched = _poll_mapping(mapping) or dispatched
        finally:
            _request_account_id.reset(account_token)
            _request_region.reset(region_token)
    return dispatched


def _poll_mapping(mapping: dict[str, Any]) -> bool:
    if _inflight.get(mapping["UUID"]):
        return False  # the stream has one shard, and a shard one batch at a time
    table = mapping["EventSourceArn"].split("/")[1]
    position = _position(mapping, table)
    size = int(mapping.get("BatchSize", 100))
    records = _records_since(table, position, size)
    if not records or (len(records) < size and _should_wait(mapping, position)):
        return False
    _first_seen.pop((mapping["UUID"], position), None)
    _dispatch(mapping["UUID"], _process, mapping, records, position)
    return True


def _position(mapping: dict[str, Any], table: str) -> int:
    with _positions_lock:
        if mapping["UUID"] not in _positions:
            oldest = mapping.get("StartingPosition") == "TRIM_HORIZON"
            _positions[mapping["UUID"]] = _start(table) if oldest else _end(table)
        return max(int(_positions[mapping["UUID"]]), int(_start(table)))


def _should_wait(mapping: dict[str, Any], position: int) -> bool:
    window = int(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    now = time.monotonic()
    return now - _first_seen.setdefault((mapping["UUID"], position), now) < window


def _process(mapping: dict[str, Any], records: list[Any], position: int) -> None:
    matching = _filter(records, mapping)
    if matching:
        _Delivery(mapping).deliver(matching)
    with _positions_lock:
        _positions[mapping["UUID"]] = position + len(records)


@dataclass
class _Delivery:
    """One batch on its way to the function, until every record is done with."""

    mapping: dict[str, Any]

    def deliver(self, records: list[Any]) -> None:
        attempts = 0
        while records and self.mapping["UUID"] in _esms:
            outcome = self._invoke(records)
            failed = self._first_failed(records, outcome)
            if failed is None:
                return
            if failed:
                records, attempts = records[failed:], 0
            if attempts == self._most_retries() or self._too_old(records[0]):
                self._discard(records, outcome)
                return
            if self.mapping.get("BisectBatchOnFunctionError") and len(records) > 1:
                middle = len(records) // 2
                self.deliver(records[:middle])
                records, attempts = records[middle:], 0
                continue
            attempts += 1
            time.sleep(_RETRY_SECONDS)

    def _invoke(self, records: list[Any]) -> dict[str, Any]:
        record, _ = _function(self.mapping["FunctionName"], self.mapping.get("Qualifier"))
        outcome: dict[str, Any] = lambda_svc._execute_function(record, {"Records": records})
        return outcome

    def _first_failed(self, records: list[Any], outcome: dict[str, Any]) -> int | None:
        """Find the index of the first record to deliver again, None if there is none."""
        if outcome.get("error"):
            return 0
        if "ReportBatchItemFailures" not in self.mapping.get("FunctionResponseTypes", []):
            return None
        failures = (outcome.get("body") or {}).get("batchItemFailures") or []
        reported = {failure["itemIdentifier"] for failure in failures}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        return next((i for i, number in enumerate(numbers) if number in reported), None)

    def _most_retries(self) -> int:
        return int(self.mapping.get("MaximumRetryAttempts", _FOR_EVER))

    def _too_old(self, record: dict[str, Any]) -> bool:
        limit = int(self.mapping.get("MaximumRecordAgeInSeconds", _FOR_EVER))
        created = float(record["dynamodb"]["ApproximateCreationDateTime"])
        return limit > 0 and time.time() - created > limit

    def _discard(self, records: list[Any], outcome: dict[str, Any]) -> None:
        condition = "RetryAttemptsExhausted"
        if self._too_old(records[0]):
            condition = "MaxRecordAgeExceeded"
        record, _ = _function(self.mapping["FunctionName"], self.mapping.get("Qualifier"))
        source = self.mapping["EventSourceArn"]
        _give_up(self.mapping, record, records, source, outcome, condition)
