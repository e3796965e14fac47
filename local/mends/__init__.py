"""What ministack 1.5.33 does differently from AWS and this project needs, mended one by one.

Each module says what AWS does and what ministack does; the tests show both. When a release of
ministack does as AWS does, its test fails and the module goes.
"""

from local.mends import (
    api_identity,
    api_import,
    api_traces,
    binary_types,
    change_set_conditions,
    gateway_responses,
    generated_secrets,
    handler_errors,
    info_logs,
    integration_errors,
    lambda_traces,
    log_drain,
    mapping_numbers,
    mock_answers,
    published_versions,
    queue_traces,
    redshift_types,
    request_lines,
    request_size,
    request_traces,
    response_cache,
    rolled_back_stacks,
    rule_to_lambda,
    sqs_batches,
    stage_settings,
    stream_batches,
    transform_parameters,
    unchanged_resources,
    usage_limits,
    worker_pool,
    workflow_traces,
    xray_service,
)

MENDS = (
    api_identity,
    api_import,
    api_traces,
    binary_types,
    change_set_conditions,
    gateway_responses,
    generated_secrets,
    handler_errors,
    info_logs,
    integration_errors,
    lambda_traces,
    log_drain,
    mapping_numbers,
    mock_answers,
    published_versions,
    queue_traces,
    redshift_types,
    request_lines,
    request_size,
    request_traces,
    response_cache,
    rolled_back_stacks,
    rule_to_lambda,
    sqs_batches,
    stage_settings,
    stream_batches,
    transform_parameters,
    unchanged_resources,
    usage_limits,
    worker_pool,
    workflow_traces,
    xray_service,
)


def apply_all() -> None:
    """Apply every mend to the ministack in this process."""
    for mend in MENDS:
        mend.apply()
