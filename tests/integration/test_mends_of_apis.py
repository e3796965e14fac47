"""Each mend of API Gateway, seen from outside: stock ministack differs from AWS, the mended not."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.deploy import DeployFailed, deploy
from tests.integration.probed import Stack

Until = Callable[..., Any]


@pytest.fixture(scope="module")
def api(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "api.yaml", "api")


@pytest.fixture(scope="module")
def stock_api(stock: LocalCloud, folder: Path) -> Stack:
    return Stack(stock, folder / "api.yaml", "api")


def test_an_imported_method_keeps_its_cache_keys(api: Stack, stock_api: Stack) -> None:
    assert thing_method(api)["methodIntegration"]["cacheKeyParameters"] == [
        "method.request.path.name",
        "method.request.querystring.declared",
        "method.request.header.If-None-Match",
    ]
    assert not thing_method(stock_api)["methodIntegration"].get("cacheKeyParameters")


def test_an_imported_method_keeps_its_parameters(api: Stack, stock_api: Stack) -> None:
    assert thing_method(api)["requestParameters"]["method.request.querystring.declared"] is False
    assert not thing_method(stock_api).get("requestParameters")


def test_binary_media_types_have_their_real_names(api: Stack, stock_api: Stack) -> None:
    assert binary_types(api) == ["*/*"]
    assert binary_types(stock_api) == ["*~1*"]


def binary_types(stack: Stack) -> list[str]:
    return list(
        stack.cloud.client("apigateway").get_rest_api(restApiId=stack["Api"])["binaryMediaTypes"]
    )


def thing_method(stack: Stack) -> dict[str, Any]:
    client = stack.cloud.client("apigateway")
    resources = client.get_resources(restApiId=stack["Api"], limit=100)["items"]
    resource = next(item for item in resources if item["path"] == "/things/{name}")
    return dict(
        client.get_method(restApiId=stack["Api"], resourceId=resource["id"], httpMethod="GET")
    )


def test_a_stage_keeps_its_cache_and_the_settings_of_a_path(api: Stack, stock_api: Stack) -> None:
    assert cache_of_stage(api) == (True, ["/things/{name}/GET"])
    assert cache_of_stage(stock_api) == (False, ["/~1things~1{name}/GET"])


def cache_of_stage(stack: Stack) -> tuple[bool, list[str]]:
    stage = stack.cloud.client("apigateway").get_stage(restApiId=stack["Api"], stageName="live")
    return stage["cacheClusterEnabled"], list(stage["methodSettings"])


@pytest.mark.parametrize("path", ["/things/{name}", "things", "/~1things/{name}"])
def test_a_setting_whose_path_has_slashes_as_they_are_is_refused(
    mended: LocalCloud, stock: LocalCloud, folder: Path, tmp_path: Path, path: str
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(folder, changed)
    template = changed / "api.yaml"
    template.write_text(template.read_text().replace("/~1things~1{name}", path))
    name = f"refused-{sum(path.encode())}"
    with pytest.raises(DeployFailed, match="Invalid method setting path: "):
        deploy(mended, template, name, {})
    deploy(stock, template, name, {})


def test_a_repeated_get_is_answered_from_the_cache(api: Stack, stock_api: Stack) -> None:
    assert api.get("/things/same").text == api.get("/things/same").text
    assert stock_api.get("/things/same").text != stock_api.get("/things/same").text


def test_the_answer_says_whether_it_was_cached(api: Stack) -> None:
    answers = [api.get("/things/told").headers["X-Cache"] for _ in range(2)]
    assert answers == ["Miss", "Hit"]


def test_two_values_of_a_declared_path_parameter_do_not_share(api: Stack) -> None:
    assert api.get("/things/a").text != api.get("/things/b").text


def test_two_values_of_a_declared_query_do_not_share(api: Stack) -> None:
    assert api.get("/things/q?declared=1").text != api.get("/things/q?declared=2").text


def test_two_values_of_an_undeclared_query_share(api: Stack) -> None:
    assert api.get("/things/u?hidden=1").text == api.get("/things/u?hidden=2").text


def test_a_missing_an_empty_and_a_repeated_value_do_not_share(api: Stack) -> None:
    queries = ("", "?declared", "?declared=1", "?declared=1&declared=1", "?declared=2&declared=1")
    answers = {api.get(f"/things/m{query}").text for query in queries}
    assert len(answers) == len(queries)
    assert api.get("/things/m?declared").text == api.get("/things/m?declared=").text


def test_two_values_of_a_declared_header_do_not_share(api: Stack) -> None:
    def get(**headers: str) -> str:
        return api.get("/things/h", **headers).text

    answers = [get(), get(**{"If-None-Match": "1"}), get(**{"If-None-Match": "2"})]
    assert len(set(answers)) == 3
    assert get(**{"if-none-match": "1"}) == get(**{"IF-NONE-MATCH": "1"}) == answers[1]


def test_that_nothing_changed_is_kept_too(api: Stack) -> None:
    path, tag = "/things/n?status=304", {"If-None-Match": "1"}
    answers = [api.get(path, **tag) for _ in range(2)]
    assert [(answer.status_code, answer.headers["X-Cache"]) for answer in answers] == [
        (304, "Miss"),
        (304, "Hit"),
    ]
    assert api.get("/things/n").status_code == 200


def test_a_path_without_caching_is_never_cached(api: Stack) -> None:
    assert api.get("/others").text != api.get("/others").text


def test_an_error_is_not_cached(api: Stack) -> None:
    assert api.get("/things/e?status=500").status_code == 500
    assert api.get("/things/e").status_code == 200


def test_a_caller_may_ask_for_a_new_answer(api: Stack) -> None:
    first = api.get("/things/fresh").text
    second = api.get("/things/fresh", **{"Cache-Control": "max-age=0"}).text
    assert first != second == api.get("/things/fresh").text


def test_the_cache_forgets_after_its_time(api: Stack, until: Until) -> None:
    api.deploy(Seconds="1")
    first = api.get("/things/old").text
    assert until(lambda: api.get("/things/old").text != first, seconds=5)
    api.deploy(Seconds="60")


def test_an_api_keeps_its_id_and_loses_its_cache_when_it_changes(
    api: Stack, stock_api: Stack, folder: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(folder, changed)
    template = changed / "api.yaml"
    template.write_text(template.read_text().replace("Path: /others", "Path: /moved"))
    cached = api.get("/things/kept").text
    assert deploy(api.cloud, template, "api", {})["Api"] == api["Api"]
    assert api.get("/things/kept").text != cached
    assert (api.get("/moved").status_code, api.get("/others").status_code) == (200, 403)
    assert deploy(stock_api.cloud, template, "api", {})["Api"] != stock_api["Api"]
