"""What the template promises to the code, and the code to the template."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.lint.expansion import expanded, parsed
from pipeline import announcements as words
from pipeline.lake import last_check_key

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

Resources = dict[str, dict[str, Any]]
SHARED_VARIABLES = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_REDSHIFT_DATA",
}


def module_of(function: dict[str, Any]) -> Path:
    module, _ = str(function["Handler"]).rsplit(".", 1)
    return SOURCE / (module.replace(".", "/") + ".py")


def settings_of(path: Path) -> set[str]:
    """Environment variables that a handler's settings ask for."""
    classes = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ]
    return {
        field.target.id.upper()
        for found in classes
        for field in found.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def variables_of(function: dict[str, Any]) -> set[str]:
    return set(function.get("Environment", {}).get("Variables", {}))


def test_every_handler_exists_and_is_a_function(functions: Resources) -> None:
    for name, function in functions.items():
        tree = ast.parse(module_of(function).read_text())
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function["Handler"].rsplit(".", 1)[1] in defined, name


def test_every_variable_is_a_setting_and_the_other_way_round(functions: Resources) -> None:
    for name, function in functions.items():
        assert variables_of(function) == settings_of(module_of(function)), name


def test_shared_variables_are_those_that_libraries_read(template: dict[str, Any]) -> None:
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert set(variables) == SHARED_VARIABLES


def test_every_function_says_what_it_does(functions: Resources) -> None:
    assert all(function.get("Description") for function in functions.values())


def test_handlers_are_short(functions: Resources) -> None:
    for name, function in functions.items():
        tree = ast.parse(module_of(function).read_text())
        handler = next(
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name == "handler"
        )
        assert (handler.end_lineno or 0) - handler.lineno < 40, name


def test_every_queue_mapping_reports_partial_failures(functions: Resources) -> None:
    for function in functions.values():
        for event in function.get("Events", {}).values():
            if event["Type"] in ("SQS", "DynamoDB"):
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(
    ("function", "visibility", "window"),
    [
        ("StageBatchFunction", "EventVisibilitySeconds", "BatchWindowSeconds"),
        ("LoadBatchesFunction", "LoadVisibilitySeconds", "LoadWindowSeconds"),
    ],
)
def test_visibility_outlasts_six_attempts_and_the_window(
    template: dict[str, Any], functions: Resources, function: str, visibility: str, window: str
) -> None:
    parameters = template["Parameters"]
    longest = 6 * functions[function]["Timeout"] + parameters[window]["MaxValue"]
    assert parameters[visibility]["Default"] >= longest


def test_queues_that_feed_functions_have_dead_letter_queues(resources: Resources) -> None:
    for name in ("EventQueue", "LoadQueue"):
        assert resources[name]["Properties"]["RedrivePolicy"]["maxReceiveCount"] >= 5


def test_substitutions_and_state_machine_agree(resources: Resources) -> None:
    text = (ROOT / "statemachine/prepare_batch.asl.json").read_text()
    given = set(resources["PrepareBatch"]["Properties"]["DefinitionSubstitutions"])
    assert set(re.findall(r"\$\{(\w+)\}", text)) == given


def test_rules_and_state_machine_use_the_words_of_the_announcements(
    resources: Resources, functions: Resources, state_machine: dict[str, Any]
) -> None:
    load = resources["StagedToLoadRule"]["Properties"]["EventPattern"]
    assert load == {
        "source": [words.SOURCE],
        "detail-type": [words.BATCH_STAGED, words.FACTS_STAGED],
    }
    prepare = functions["StartPreparationFunction"]["Events"]["BatchStaged"]["Properties"]
    assert prepare["Pattern"] == {"source": [words.SOURCE], "detail-type": [words.BATCH_STAGED]}
    [entry] = state_machine["States"]["Announce facts"]["Arguments"]["Entries"]
    assert (entry["Source"], entry["DetailType"]) == (words.SOURCE, words.FACTS_STAGED)


def test_tasks_wait_longer_than_their_functions_run(
    functions: Resources, state_machine: dict[str, Any]
) -> None:
    for state in state_machine["States"].values():
        name = state.get("Arguments", {}).get("FunctionName", "")
        if name:
            function = functions[name.removeprefix("${").removesuffix("Arn}")]
            assert state["TimeoutSeconds"] > function["Timeout"]


def test_every_star_in_a_policy_gives_its_reason() -> None:
    for number, line in enumerate((ROOT / "template.yaml").read_text().splitlines(), 1):
        if re.search(r"(Resource|Action|Principal): ('\*'|s3:\*)", line):
            assert re.search(r"  # .{10}", line), f"line {number}: {line.strip()}"


def test_capacity_is_never_left_to_the_default(resources: Resources) -> None:
    workgroup = resources["Workgroup"]["Properties"]
    assert {"BaseCapacity", "MaxCapacity", "PricePerformanceTarget"} <= set(workgroup)
    assert workgroup["PubliclyAccessible"] is False


def test_there_is_one_stage_and_it_is_cached_traced_and_keyed(transformed: Resources) -> None:
    stages = [r for r in transformed.values() if r["Type"] == "AWS::ApiGateway::Stage"]
    assert [stage["Properties"]["StageName"] for stage in stages] == ["live"]
    properties = stages[0]["Properties"]
    assert properties["TracingEnabled"] is True
    assert properties["MethodSettings"][0]["CachingEnabled"] is not None


def test_slashes_in_the_paths_of_method_settings_are_written_as_cloudformation_wants_them(
    transformed: Resources,
) -> None:
    [stage] = [r for r in transformed.values() if r["Type"] == "AWS::ApiGateway::Stage"]
    paths = [setting["ResourcePath"] for setting in stage["Properties"]["MethodSettings"]]
    assert all(path in ("/", "/*") or re.fullmatch("/(~1[^/~]+)+", path) for path in paths), paths
    known = {path.replace("/", "~1") for path in paths_of(transformed)}
    assert {path[1:] for path in paths} - {"*", ""} <= known


def test_what_needs_no_key_has_a_limit_of_its_own(transformed: Resources) -> None:
    [stage] = [r for r in transformed.values() if r["Type"] == "AWS::ApiGateway::Stage"]
    limited = {
        (setting["ResourcePath"], setting["HttpMethod"].lower())
        for setting in stage["Properties"]["MethodSettings"]
        if "ThrottlingRateLimit" in setting and "ThrottlingBurstLimit" in setting
    }
    assert limited == OPEN


def paths_of(transformed: Resources) -> dict[str, dict[str, Any]]:
    api = next(r for r in transformed.values() if r["Type"] == "AWS::ApiGateway::RestApi")
    paths: dict[str, dict[str, Any]] = api["Properties"]["Body"]["paths"]
    return paths


def test_a_page_of_another_origin_may_ask_before_it_asks(transformed: Resources) -> None:
    asked = {path: methods.get("options") for path, methods in paths_of(transformed).items()}
    assert [path for path, preflight in asked.items() if not preflight] == ["/"]
    for path, preflight in asked.items():
        if preflight:
            condition, allowed, otherwise = preflight["Fn::If"]
            assert (condition, otherwise) == ("HasAllowedOrigin", {"Ref": "AWS::NoValue"}), path
            assert "security" not in allowed, path
            integration = allowed["x-amazon-apigateway-integration"]
            assert (integration["type"], integration["contentHandling"]) == (
                "mock",
                "CONVERT_TO_TEXT",
            ), path


def test_a_preflight_allows_the_methods_that_there_are(transformed: Resources) -> None:
    preflight = paths_of(transformed)["/v1/events"]["options"]["Fn::If"][1]
    answer = preflight["x-amazon-apigateway-integration"]["responses"]["default"]
    told = answer["responseParameters"]
    verbs = {verb.upper() for _, verb in methods(transformed)}
    allowed = told["method.response.header.Access-Control-Allow-Methods"]
    assert set(allowed.strip("'").split(",")) == verbs
    declared = preflight["responses"][answer["statusCode"]]["headers"]
    assert {f"method.response.header.{name}" for name in declared} == set(told)


@pytest.mark.parametrize("origin", ["", "*", "https://a.example", "http://localhost:5173"])
def test_an_origin_may_be_allowed(template: dict[str, Any], origin: str) -> None:
    assert re.fullmatch(template["Parameters"]["AllowedOrigin"]["AllowedPattern"], origin)


@pytest.mark.parametrize(
    "origin", ["https://a.example/", "a.example", "https://a,https://b", "null", "https://a'", "**"]
)
def test_what_is_no_origin_is_refused(template: dict[str, Any], origin: str) -> None:
    assert not re.fullmatch(template["Parameters"]["AllowedOrigin"]["AllowedPattern"], origin)


def test_every_function_behind_the_api_knows_the_allowed_origin(functions: Resources) -> None:
    for name, function in functions.items():
        behind = any(event["Type"] == "Api" for event in function.get("Events", {}).values())
        assert ("ALLOWED_ORIGIN" in variables_of(function)) == behind, name


def test_another_origin_is_deployed(resources: Resources) -> None:
    assert resources["Api"]["Properties"]["AlwaysDeploy"] is True


def methods(transformed: Resources) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, verb): method
        for path, item in paths_of(transformed).items()
        for verb, method in item.items()
        if verb in ("get", "post")
    }


OPEN = {("/", "get")}  # a browser's first request has no header for the key


def test_every_method_but_the_dashboard_asks_for_a_key(transformed: Resources) -> None:
    for place, method in methods(transformed).items():
        assert ({"api_key": []} in method.get("security", [])) != (place in OPEN), place


def test_every_declared_parameter_is_part_of_the_cache_key(transformed: Resources) -> None:
    for place, method in methods(transformed).items():
        keys = set(method["x-amazon-apigateway-integration"].get("cacheKeyParameters", []))
        declared = {
            f"method.request.{'querystring' if p['in'] == 'query' else p['in']}.{p['name']}"
            for p in method.get("parameters", [])
        }
        assert keys == declared, place


def test_path_parameters_are_part_of_the_cache_key(transformed: Resources) -> None:
    for (path, verb), method in methods(transformed).items():
        keys = method["x-amazon-apigateway-integration"].get("cacheKeyParameters", [])
        for name in re.findall(r"{(\w+)}", path):
            assert f"method.request.path.{name}" in keys, (path, verb)


def test_what_holds_data_is_kept_when_the_stack_goes(resources: Resources) -> None:
    for name in ("LakeBucket", "EventTable", "Namespace", "AdminSecret"):
        assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resources[name]["UpdateReplacePolicy"] == "Retain", name


def test_the_warehouse_has_one_writer(functions: Resources) -> None:
    writers = [n for n, f in functions.items() if "LoaderRole" in str(f.get("Role"))]
    assert writers == ["LoadBatchesFunction"]


def test_the_check_may_write_what_its_next_run_reads_and_nothing_else(
    resources: Resources,
) -> None:
    [policy] = resources["CheckerRole"]["Properties"]["Policies"]
    granted = {
        place["Fn::Sub"]: one["Action"]
        for one in policy["PolicyDocument"]["Statement"]
        if isinstance(place := one["Resource"], dict) and "Fn::Sub" in place
    }
    own = f"${{LakeBucket.Arn}}/{last_check_key().partition('/')[0]}/*"
    assert granted[own] == ["s3:GetObject", "s3:PutObject"]
    assert [place for place, actions in granted.items() if "s3:PutObject" in actions] == [own]


def test_every_function_runs_on_what_its_bytecode_was_made_for(template: dict[str, Any]) -> None:
    layer = template["Resources"]["DependenciesLayer"]
    runtime = template["Globals"]["Function"]["Runtime"]
    assert layer["Properties"]["CompatibleRuntimes"] == [runtime]
    for makefile in (ROOT / "src/Makefile", ROOT / "dependencies/Makefile"):
        assert set(re.findall(r"python3\.\d+", makefile.read_text())) == {runtime}, makefile


def test_a_version_is_published_whatever_changes_and_is_in_the_way_of_none(
    functions: Resources, resources: Resources
) -> None:
    aliased = {n: f for n, f in functions.items() if "AutoPublishAlias" in f}
    assert all(f["VersionDeletionPolicy"] == "Delete" for f in aliased.values())
    gradual = {n for n, f in aliased.items() if "DeploymentPreference" in f}
    assert all(functions[name]["AutoPublishAliasAllProperties"] is True for name in gradual)
    assert resources["DependenciesLayer"]["Properties"]["PublishLambdaVersion"] is True


def test_what_users_meet_changes_gradually(functions: Resources, resources: Resources) -> None:
    met = {
        name
        for name, function in functions.items()
        if "FunctionUrlConfig" in function
        or any(event["Type"] == "Api" for event in function.get("Events", {}).values())
    }
    assert met == {name for name, f in functions.items() if "DeploymentPreference" in f}
    for name in met:
        preference = functions[name]["DeploymentPreference"]
        assert preference["Enabled"] == {"Ref": "ShiftTraffic"}, name
        own = name.replace("Function", "ErrorsAlarm")
        assert preference["Alarms"] == [{"Ref": own}, {"Ref": "EndpointErrorsAlarm"}], name
        [dimension] = resources[own]["Properties"]["Dimensions"]
        assert dimension == {"Name": "FunctionName", "Value": {"Ref": name}}, name


def test_readers_change_after_the_schema(functions: Resources, resources: Resources) -> None:
    asking = {n for n, f in functions.items() if "ReaderRole" in str(f.get("Role"))}
    assert all(resources[name].get("DependsOn") == "WarehouseSchema" for name in asking)


@pytest.mark.parametrize(("asked", "groups"), [("true", 7), ("false", 0)])
def test_traffic_shifts_where_it_is_asked_for(asked: str, groups: int) -> None:
    template = parsed(ROOT / "template.yaml")
    template["Parameters"]["ShiftTraffic"]["Default"] = asked
    resources = expanded(template, ROOT)["Resources"].values()
    found = [one for one in resources if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert len(found) == groups
    assert all(len(one["Properties"]["AlarmConfiguration"]["Alarms"]) == 2 for one in found)
    shifting = [
        one for one in resources if "CodeDeployLambdaAliasUpdate" in one.get("UpdatePolicy", {})
    ]
    assert len(shifting) == groups


def test_every_function_is_built_with_its_bytecode(resources: Resources) -> None:
    for name, resource in resources.items():
        if resource["Type"] in ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion"):
            assert resource["Metadata"]["BuildMethod"] == "makefile", name


@pytest.mark.parametrize(
    "path", sorted((ROOT / "events").glob("*.json")), ids=lambda path: str(path.name)
)
def test_every_sample_trigger_is_used_by_a_test(path: Path) -> None:
    tests = [file.read_text() for file in (ROOT / "tests").rglob("*.py")]
    assert any(path.stem in text for text in tests)


def test_every_function_has_a_sample_trigger(functions: Resources) -> None:
    samples = [json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")]
    asked = {one.get("resource") for one in samples if isinstance(one, dict)}
    for name, function in functions.items():
        stem = re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Function")).lower()
        paths = {event["Properties"].get("Path") for event in function.get("Events", {}).values()}
        assert (ROOT / f"events/{stem}.json").exists() or paths & asked, stem
