"""Planted mistakes, each with the check that must catch it: the proof that the checks see anything.

`python -m tests.template.mutants` prints them as a table.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.lint.expansion import parsed

Change = Callable[[Path], None]
TEMPLATE = "template.yaml"
WORKFLOW = "statemachine/prepare_batch.asl.json"


@dataclass(frozen=True)
class Mutant:
    """A change of a copy of the project, and who notices it.

    `tool` is a linter with the rule that it names, or a file of these tests with the test.
    """

    mistake: str
    change: Change
    tool: str
    check: str

    @property
    def name(self) -> str:
        """The mistake as a name of a folder and of a test."""
        return self.mistake.replace(" ", "-").replace("*", "star").replace(":", "")


def put(path: str, value: Any) -> Change:
    """Set a value in the template; `path` names keys and, in lists, numbers."""
    return lambda root: _in_template(root, path, lambda holder, key: holder.__setitem__(key, value))


def drop(path: str) -> Change:
    """Take something out of the template."""
    return lambda root: _in_template(root, path, lambda holder, key: holder.__delitem__(key))


def _in_template(root: Path, path: str, change: Callable[[Any, Any], None]) -> None:
    template = parsed(root / TEMPLATE)
    before = copy.deepcopy(template)
    holder: Any = template
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in steps:
        holder = holder[step]
    change(holder, last)
    assert template != before, f"{path} is already as the mistake has it"
    _write(root / TEMPLATE, json.dumps(template, indent=1))


def _write(path: Path, content: str) -> None:
    """Replace a file of the copy; what it may be a link to stays as it is."""
    assert content != path.read_text()
    path.unlink()
    path.write_text(content)


def in_state(state: str, field: str, value: Any = None) -> Change:
    """Change a field of a state of the workflow, or take it out."""

    def change(root: Path) -> None:
        machine = json.loads((root / WORKFLOW).read_text())
        before = copy.deepcopy(machine)
        if value is None:
            del machine["States"][state][field]
        else:
            machine["States"][state][field] = value
        assert machine != before
        _write(root / WORKFLOW, json.dumps(machine))

    return change


def text(file: str, old: str, new: str) -> Change:
    """Replace the first place of a text in a file."""

    def change(root: Path) -> None:
        path = root / file
        before = path.read_text()
        assert old in before, f"{file} has no {old!r}"
        _write(path, before.replace(old, new, 1))

    return change


def properties(resource: str, rest: str) -> str:
    return f"Resources/{resource}/Properties/{rest}"


def statement(resource: str, number: int, rest: str) -> str:
    """Path of a part of a statement of a function's own policy."""
    return properties(resource, f"Policies/0/Statement/{number}/{rest}")


MUTANTS = [
    # --- who may do what
    Mutant(
        "a function URL is open without a reason",
        put(properties("ReceiveRequestFunction", "FunctionUrlConfig"), {"AuthType": "NONE"}),
        "checkov",
        "CKV_AWS_258",
    ),
    Mutant(
        "a policy allows every action",
        put(statement("StageBatchFunction", 0, "Action"), "*"),
        "checkov",
        "CKV_AWS_63",
    ),
    Mutant(
        "a policy allows every action of a service",
        put(statement("StageBatchFunction", 0, "Action"), "s3:*"),
        "test_safeguards",
        "test_nothing_is_allowed_by_a_pattern_of_actions",
    ),
    Mutant(
        "the readers may do anything with the queues",
        put(properties("ReaderRole", "Policies/0/PolicyDocument/Statement/3/Action"), "sqs:*"),
        "test_safeguards",
        "test_nothing_is_allowed_by_a_pattern_of_actions",
    ),
    Mutant(
        "a policy is for every resource",
        put(statement("ReceiveRequestFunction", 0, "Resource"), "*"),
        "parliament",
        "RESOURCE_STAR",
    ),
    Mutant(
        "a star in a policy has no reason",
        text(TEMPLATE, "  # log delivery has no resource-level permissions", ""),
        "test_template",
        "test_every_star_in_a_policy_gives_its_reason",
    ),
    Mutant(
        "an action is misspelt",
        put(statement("ReceiveRequestFunction", 0, "Action"), "sqs:SendMesage"),
        "parliament",
        "UNKNOWN_ACTION",
    ),
    Mutant(
        "an action is allowed on what it is not for",
        put(
            statement("ReceiveRequestFunction", 0, "Resource"),
            {"Fn::GetAtt": ["LakeBucket", "Arn"]},
        ),
        "parliament",
        "RESOURCE_MISMATCH",
    ),
    Mutant(
        "a policy with a variable has no version",
        drop(properties("CreateSchemaFunction", "Policies/0/Version")),
        "parliament",
        "NO_VERSION",
    ),
    Mutant(
        "anybody's statements may be read",
        drop(properties("ReaderRole", "Policies/0/PolicyDocument/Statement/2/Condition")),
        "test_safeguards",
        "test_statements_of_others_are_out_of_reach",
    ),
    Mutant(
        "anybody may take a role",
        put(properties("CopyRole", "AssumeRolePolicyDocument/Statement/0/Principal"), {"AWS": "*"}),
        "checkov",
        "CKV_AWS_60",
    ),
    Mutant(
        "another account may take a role",
        put(
            properties("CopyRole", "AssumeRolePolicyDocument/Statement/0/Principal"),
            {"AWS": "arn:aws:iam::000000000000:root"},
        ),
        "test_safeguards",
        "test_roles_are_assumed_by_services_alone",
    ),
    Mutant(
        "any rule of any account may write to a queue",
        drop(properties("LoadQueuePolicy", "PolicyDocument/Statement/0/Condition")),
        "test_safeguards",
        "test_a_service_may_write_to_a_queue_only_for_a_rule_of_this_stack",
    ),
    Mutant(
        "a method asks for no key",
        put(
            properties("ReadStatusFunction", "Events/Status/Properties/Auth"),
            {"ApiKeyRequired": False},
        ),
        "test_template",
        "test_every_method_but_the_dashboard_asks_for_a_key",
    ),
    Mutant(
        "SAM adds an open stage",
        drop("Globals/Api/OpenApiVersion"),
        "test_safeguards",
        "test_a_deployment_makes_no_stage_of_its_own",
    ),
    Mutant(
        "the workgroup is public",
        put(properties("Workgroup", "PubliclyAccessible"), value=True),
        "test_template",
        "test_capacity_is_never_left_to_the_default",
    ),
    # --- secrets and encryption
    Mutant(
        "the administrator's password stands in the template",
        put(properties("Namespace", "AdminUserPassword"), "Correct4Horse4Battery"),
        "test_safeguards",
        "test_the_administrators_password_is_read_from_its_secret",
    ),
    Mutant(
        "keys may travel in clear text",
        put(properties("Api", "DefinitionBody/schemes"), ["http", "https"]),
        "checkov",
        "CKV_OPENAPI_20",
    ),
    Mutant(
        "a key stands in the environment",
        put(
            properties("StageBatchFunction", "Environment/Variables/AWS_SECRET_ACCESS_KEY"),
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        "checkov",
        "CKV_AWS_45",
    ),
    Mutant(
        "a key is committed",
        text("samconfig.toml", "\n", "\n# AKIA" + "IOSFODNN7EXAMPLF\n"),
        "secrets",
        "CKV_SECRET_2",
    ),
    Mutant(
        "a private key is committed",
        text("samconfig.toml", "\n", "\n-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n"),
        "secrets",
        "CKV_SECRET_13",
    ),
    Mutant(
        "the bucket is not encrypted",
        drop(properties("LakeBucket", "BucketEncryption")),
        "test_safeguards",
        "test_the_lake_says_how_it_is_encrypted",
    ),
    Mutant(
        "the bucket may become public",
        put(properties("LakeBucket", "PublicAccessBlockConfiguration/BlockPublicPolicy"), False),  # noqa: FBT003 (a value)
        "checkov",
        "CKV_AWS_54",
    ),
    Mutant(
        "the bucket takes clear text",
        drop(properties("LakeBucketPolicy", "PolicyDocument/Statement/0/Condition")),
        "test_safeguards",
        "test_the_lake_takes_encrypted_transport_only",
    ),
    Mutant(
        "a queue is not encrypted",
        put(properties("LoadQueue", "SqsManagedSseEnabled"), value=False),
        "test_safeguards",
        "test_every_queue_is_encrypted_and_keeps_what_it_has_for_two_weeks",
    ),
    Mutant(
        "a table is not encrypted",
        drop(properties("EventTable", "SSESpecification")),
        "test_safeguards",
        "test_every_table_is_encrypted_with_a_key_of_kms",
    ),
    Mutant(
        "cached answers are not encrypted",
        drop(properties("Api", "MethodSettings/0/CacheDataEncrypted")),
        "test_safeguards",
        "test_cached_answers_are_encrypted",
    ),
    # --- nothing is lost
    Mutant(
        "the event queue has no dead-letter queue",
        drop(properties("EventQueue", "RedrivePolicy")),
        "cfn-lint",
        "ES6000",
    ),
    Mutant(
        "the load queue gives up at once",
        put(properties("LoadQueue", "RedrivePolicy/maxReceiveCount"), 1),
        "test_template",
        "test_queues_that_feed_functions_have_dead_letter_queues",
    ),
    Mutant(
        "the stream has no dead-letter queue",
        drop(properties("ReceiveChangeFunction", "Events/Insert/Properties/DestinationConfig")),
        "cfn-lint",
        "ES1001",
    ),
    Mutant(
        "uploads have no destination for failures",
        drop(properties("ReceiveUploadFunction", "EventInvokeConfig/DestinationConfig")),
        "cfn-lint",
        "ES1007",
    ),
    Mutant(
        "a rule has no dead-letter queue",
        drop(properties("StagedToLoadRule", "Targets/0/DeadLetterConfig")),
        "cfn-lint",
        "ES4000",
    ),
    Mutant(
        "a batch fails whole",
        drop(properties("StageBatchFunction", "Events/Rows/Properties/FunctionResponseTypes")),
        "test_template",
        "test_every_queue_mapping_reports_partial_failures",
    ),
    Mutant(
        "a message comes back while it is worked on",
        put("Parameters/LoadVisibilitySeconds/Default", 720),
        "test_template",
        "test_visibility_outlasts_six_attempts_and_the_window",
    ),
    *(
        Mutant(
            f"{name} goes with the stack",
            drop(f"Resources/{name}/DeletionPolicy"),
            "test_template",
            "test_what_holds_data_is_kept_when_the_stack_goes",
        )
        for name in ("LakeBucket", "EventTable", "Namespace", "AdminSecret")
    ),
    Mutant(
        "the table of events has no backups",
        drop(properties("EventTable", "PointInTimeRecoverySpecification")),
        "checkov",
        "CKV_AWS_28",
    ),
    Mutant(
        "a task has no timeout",
        in_state("Enrich events", "TimeoutSeconds"),
        "test_statemachine",
        "test_a_task_has_a_timeout",
    ),
    Mutant(
        "a task retries whatever happens",
        in_state("Detect anomalies", "Retry", [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 3}]),
        "test_statemachine",
        "test_a_task_retries_named_errors_with_full_jitter",
    ),
    Mutant(
        "a field of a state is misspelt",
        in_state("Enrich events", "TimeoutSecond", 75),
        "cfn-lint",
        "E3601",
    ),
    Mutant(
        "a task catches nothing",
        in_state("Summarise batch", "Catch", []),
        "test_statemachine",
        "test_a_task_catches_everything",
    ),
    Mutant(
        "a state leads nowhere",
        in_state("Enrich events", "Next", "Detect anomaly"),
        "test_statemachine",
        "test_every_state_is_reachable",
    ),
    # --- what is answered is right
    Mutant(
        "a parameter is no part of the cache's key",
        put(
            properties("ReadMetricsFunction", "Events/Metric/Properties/RequestParameters/2"),
            {"method.request.querystring.measure": {"Required": False, "Caching": False}},
        ),
        "test_contract",
        "test_every_parameter_is_part_of_the_caches_key",
    ),
    Mutant(
        "a parameter that is read is not declared",
        drop(properties("ReadEventsFunction", "Events/Page/Properties/RequestParameters/4")),
        "test_contract",
        "test_every_parameter_is_declared_and_no_other",
    ),
    Mutant(
        "SQL is made of what was asked",
        text(
            "src/pipeline/serve/querying/query.py",
            "def _percentile(",
            "def _of(type_: str) -> str:\n    return f\"SELECT * FROM events WHERE type = '{type_}'\""
            "\n\n\ndef _percentile(",
        ),
        "bandit",
        "B608",
    ),
    # --- limits
    Mutant(
        "the workgroup may grow without end",
        drop(properties("Workgroup", "MaxCapacity")),
        "test_template",
        "test_capacity_is_never_left_to_the_default",
    ),
    Mutant(
        "the warehouse may be used all day",
        put("Parameters/UsageLimitRpuHours/Default", 0),
        "test_safeguards",
        "test_the_warehouse_may_be_used_only_so_long_a_day",
    ),
    Mutant(
        "nothing sets the limit of use",
        drop("Resources/WarehouseUsageLimit"),
        "test_safeguards",
        "test_the_warehouse_may_be_used_only_so_long_a_day",
    ),
    Mutant(
        "keys are not throttled",
        drop(properties("Api", "Auth/UsagePlan/Throttle")),
        "test_safeguards",
        "test_every_key_is_throttled",
    ),
    Mutant(
        "loads run side by side without end",
        drop(properties("LoadBatchesFunction", "Events/Staged/Properties/ScalingConfig")),
        "test_safeguards",
        "test_queues_start_only_so_many_functions_at_once",
    ),
    Mutant(
        "a reader outlasts the API's patience",
        put(properties("ReadMetricsFunction", "Timeout"), 30),
        "test_safeguards",
        "test_functions_behind_the_api_end_before_it_gives_up",
    ),
    Mutant(
        "production is changed without a question",
        text("samconfig.toml", "confirm_changeset = true", "confirm_changeset = false"),
        "test_samconfig",
        "test_only_prod_asks_before_it_acts",
    ),
    Mutant(
        "an environment sets a capacity that there is not",
        text("samconfig.toml", "BaseCapacity=8", "BaseCapacity=9"),
        "test_samconfig",
        "test_an_environment_gives_the_template_what_it_allows",
    ),
    # --- what is told
    Mutant(
        "logs are kept for ever",
        drop(properties("FunctionLogs", "RetentionInDays")),
        "checkov",
        "CKV_AWS_66",
    ),
    Mutant(
        "functions log where nothing expires",
        drop("Globals/Function/LoggingConfig/LogGroup"),
        "test_safeguards",
        "test_logs_go_where_they_are_kept_for_a_while",
    ),
    Mutant("functions are not traced", drop("Globals/Function/Tracing"), "cfn-lint", "WS1000"),
    Mutant(
        "the API is not traced",
        put(properties("Api", "TracingEnabled"), value=False),
        "checkov",
        "CKV_AWS_73",
    ),
    Mutant(
        "the workflow is not traced",
        drop(properties("PrepareBatch", "Tracing")),
        "cfn-lint",
        "WS5000",
    ),
    # --- what does not deploy, or does not start
    Mutant(
        "a property is misspelt",
        put(properties("EventQueue", "VisibilityTimout"), 30),
        "cfn-lint",
        "E3002",
    ),
    Mutant(
        "a function of CloudFormation is misspelt",
        put(properties("EventQueue", "VisibilityTimeout"), {"Reff": "EventVisibilitySeconds"}),
        "cfn-lint",
        "E3012",
    ),
    Mutant(
        "an attribute of a resource that there is not",
        put(
            properties("EventQueue", "RedrivePolicy/deadLetterTargetArn"),
            {"Fn::GetAtt": ["EventDlqs", "Arn"]},
        ),
        "cfn-lint",
        "E1010",
    ),
    Mutant(
        "an attribute that a resource has not",
        put(
            properties("CreateSchemaFunction", "Environment/Variables/ADMIN_SECRET_ARN"),
            {"Fn::GetAtt": ["Namespace", "Namespace.AdminPasswordSecretArn"]},
        ),
        "cfn-lint",
        "E1010",
    ),
    Mutant(
        "a resource has a key twice",
        text(TEMPLATE, "  LakeBucket:\n", "  LakeBucket:\n    DeletionPolicy: Delete\n"),
        "cfn-lint",
        "E0000",
    ),
    Mutant(
        "a handler is not there",
        put(properties("StageBatchFunction", "Handler"), "pipeline.stage.batch.handle"),
        "test_template",
        "test_every_handler_exists_and_is_a_function",
    ),
    Mutant(
        "a variable that nobody reads",
        put(properties("StageBatchFunction", "Environment/Variables/LAKE"), "lake"),
        "test_template",
        "test_every_variable_is_a_setting_and_the_other_way_round",
    ),
    Mutant(
        "functions run on another Python than the layer",
        put("Globals/Function/Runtime", "python3.12"),
        "test_template",
        "test_every_function_runs_on_what_its_bytecode_was_made_for",
    ),
    # --- what is watched
    Mutant(
        "an alarm watches a metric that nobody writes",
        put(properties("LoadsFailedAlarm", "MetricName"), "LoadsFailing"),
        "test_declared_alarms",
        "test_each_watched_metric_is_written_with_these_dimensions",
    ),
    Mutant(
        "an alarm watches a function of another name",
        put(
            properties("StreamAgeAlarm", "Metrics/1/MetricStat/Metric/Dimensions/0/Value"), "Change"
        ),
        "test_declared_alarms",
        "test_each_watched_metric_is_written_with_these_dimensions",
    ),
    Mutant(
        "nobody is told of missing events",
        drop(properties("EventsMissingAlarm", "AlarmActions")),
        "test_declared_alarms",
        "test_people_are_told_of_symptoms_and_of_nothing_else",
    ),
    Mutant(
        "nobody is told that loads go on again",
        drop(properties("LoadingAlarm", "OKActions")),
        "test_declared_alarms",
        "test_whoever_is_told_of_a_fault_is_told_of_its_end",
    ),
    Mutant(
        "an alarm leads to no section of the runbook",
        put(properties("LoadDlqAlarm", "AlarmDescription"), "Look; see docs/runbook.md#dead-alarm"),
        "test_declared_alarms",
        "test_each_alarm_names_its_section_of_the_runbook",
    ),
    Mutant(
        "a composite leaves an alarm out",
        put(
            properties("EndpointAlarm", "AlarmRule"), {"Fn::Sub": 'ALARM("${EndpointErrorsAlarm}")'}
        ),
        "test_declared_alarms",
        "test_each_alarm_tells_itself_or_by_another_or_watches_a_deployment",
    ),
    Mutant(
        "a function that no alarm watches",
        drop(properties("BackgroundErrorsAlarm", "Metrics/3")),
        "test_declared_alarms",
        "test_an_alarm_on_functions_watches_each_of_its_kind",
    ),
    Mutant(
        "an alarm looks back for two days",
        put(properties("LoadsFailedAlarm", "Period"), 28800),
        "test_declared_alarms",
        "test_alarms_look_back_a_day_at_most",
    ),
    Mutant(
        "healthy loads raise an alarm",
        put("Parameters/FreshnessSeconds/Default", 600),
        "test_declared_alarms",
        "test_healthy_loads_are_no_reason_for_an_alarm",
    ),
    Mutant(
        "one failed load raises an alarm",
        put(properties("LoadQueueAgeAlarm", "EvaluationPeriods"), 3),
        "test_declared_alarms",
        "test_a_message_that_failed_once_is_no_reason_for_an_alarm",
    ),
    Mutant(
        "people hear of each single error",
        put(properties("FunctionErrorsAlarm", "DatapointsToAlarm"), 1),
        "test_declared_alarms",
        "test_deployments_go_back_at_one_error_of_which_people_hear_when_it_comes_again",
    ),
    Mutant(
        "a throttled function that no alarm watches",
        drop(properties("BackgroundThrottlesAlarm", "Metrics/9")),
        "test_declared_alarms",
        "test_an_alarm_on_functions_watches_each_of_its_kind",
    ),
    Mutant(
        "the dashboard shows a metric that nobody writes",
        text(
            TEMPLATE, '"EventsToEndpoints", "BatchesStaged"', '"EventsToEndpoints", "BatchesMade"'
        ),
        "test_operations_dashboard",
        "test_each_metric_of_a_chart_is_written_with_these_dimensions",
    ),
    Mutant(
        "the dashboard leaves an alarm out",
        text(TEMPLATE, '              "${CheckSilentAlarm.Arn}",\n', ""),
        "test_operations_dashboard",
        "test_all_alarms_that_tell_people_are_shown",
    ),
    Mutant(
        "the dashboard leaves a function out",
        text(
            TEMPLATE,
            '              ["AWS/Lambda", "Throttles", "FunctionName", "${EnrichEventsFunction}", {"label": "EnrichEvents"}],\n',
            "",
        ),
        "test_operations_dashboard",
        "test_each_function_that_runs_by_itself_is_on_the_charts_of_errors_and_of_throttles",
    ),
    Mutant(
        "nobody sees what is lost between entrance and lake",
        text(TEMPLATE, "RUNNING_SUM(FILL(received, 0) - FILL(staged, 0))", "received - staged"),
        "test_operations_dashboard",
        "test_what_was_received_and_not_staged_adds_up_over_the_time_that_is_shown",
    ),
    Mutant(
        "a chart covers another",
        text(TEMPLATE, '"x": 5, "y": 0, "width": 5', '"x": 5, "y": 0, "width": 6'),
        "test_operations_dashboard",
        "test_widgets_fit_into_the_grid_and_cover_none",
    ),
    # --- what is accepted
    Mutant(
        "something is accepted without a reason",
        put("Resources/AlertTopic/Metadata/Accepted/CKV_AWS_26", ""),
        "accepted",
        "CKV_AWS_26",
    ),
    Mutant(
        "something is accepted that is not wrong",
        put("Resources/LoadQueue/Metadata", {"Accepted": {"CKV_AWS_28": "It has no backups."}}),
        "accepted",
        "CKV_AWS_28",
    ),
]


if __name__ == "__main__":
    for mutant in MUTANTS:
        row = f"{mutant.mistake:52} {mutant.tool:18} {mutant.check}"
        print(row)  # noqa: T201 (it is asked for)
