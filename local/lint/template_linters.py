"""The linters of templates, each run once over a folder in which every case has a folder.

A case is one template, written in the forms that the linters read:

    <case>/source.yaml              as it stands in the repository
    <case>/expanded.json            as CloudFormation sees it
    <case>/conditions.json          the same with every condition true, for what cannot tell
    <case>/openapi.json             the API's description out of it
    <case>/policies/<id>.<n>.json   each policy document with example ARNs
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.lint.expansion import Template, api_of, expanded, parsed, with_every_condition
from local.lint.findings import Finding
from local.lint.policies import policies
from local.lint.programs import LinterFailedError, answer, answers

# Rules of cfn-lint that are not asked at all.
NOT_ASKED = [
    "I4010",  # it wants a note on every resource, for programs that write templates
]
# What SAM itself writes into the expanded template; the source is asked for these rules.
WRITTEN_BY_SAM = {
    "I3042",  # ARNs with the partition of the Region that SAM is told
    "W2001",  # values of parameters in place of their names
    "W3005",  # DependsOn beside Ref
}


def write_case(folder: Path, source: Path, root: Path) -> Template:
    """Write a template in every form; `root` is the folder that its paths start from."""
    template = parsed(source)
    seen = expanded(template, root)
    whole = with_every_condition(seen)
    (folder / "policies").mkdir(parents=True)
    (folder / "source.yaml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    _write(folder / "expanded.json", seen)
    _write(folder / "conditions.json", whole)
    _write(folder / "openapi.json", api_of(whole))
    for number, (name, policy) in enumerate(policies(seen)):
        _write(folder / f"policies/{name}.{number}.json", policy)
    return template


def cfn_lint(folder: Path) -> list[Finding]:
    """Check both forms against the resources' schemas, and the habits of serverless projects."""
    rules = ["-a", "cfn_lint_serverless.rules", "-c", "I", "-e", "-i", *NOT_ASKED]
    files = sorted([*folder.glob("*/source.yaml"), *folder.glob("*/expanded.json")])
    told = answer("cfn-lint", *rules, "-f", "json", "--", *files)
    return list(_of_cfn_lint(folder, told))


def _of_cfn_lint(folder: Path, told: list[dict[str, Any]]) -> Iterator[Finding]:
    for match in told:
        path = Path(match["Filename"]).relative_to(folder)
        rule = match["Rule"]["Id"]
        if path.name == "expanded.json" and rule in WRITTEN_BY_SAM:
            continue
        place = [str(step) for step in match["Location"]["Path"] or []]
        named = place[1] if len(place) > 1 and place[0] == "Resources" else "/".join(place[:2])
        yield Finding("cfn-lint", path.parts[0], rule, named, match["Message"])


def checkov(folder: Path) -> list[Finding]:
    """Check resources and the API's description against checkov's rules of security."""
    files = [*folder.glob("*/conditions.json"), *folder.glob("*/openapi.json")]
    frameworks = ["--framework", "cloudformation", "openapi"]
    options = ["--compact", "--skip-download", "-o", "json"]
    told = answer("checkov", *frameworks, *options, "-f", *sorted(files))
    return [found for report in told for found in _of_checkov(folder, report)]


def _of_checkov(folder: Path, report: dict[str, Any]) -> Iterator[Finding]:
    results = report["results"]
    if results["parsing_errors"]:
        raise LinterFailedError(f"checkov could not read {results['parsing_errors']}")
    for failed in results["failed_checks"]:
        case = Path(failed["file_abs_path"]).relative_to(folder).parts[0]
        # Of the API's description it names the part, of templates Type.LogicalId.
        of_api = report["check_type"] == "openapi"
        place = "Api" if of_api else failed["resource"].split(".")[-1]
        yield Finding("checkov", case, failed["check_id"], place, failed["check_name"])


def parliament(folder: Path) -> list[Finding]:
    """Check the policies' actions, resources and conditions against IAM's own list of them."""
    found = []
    for line in answers("python", "-m", "local.lint.read_policies", folder):
        path = Path(line["file"]).relative_to(folder)
        name = path.name.split(".")[0]
        found.append(Finding("parliament", path.parts[0], line["issue"], name, line["text"]))
    return found


LINTERS = {"cfn-lint": cfn_lint, "checkov": checkov, "parliament": parliament}


def _write(path: Path, what: Any) -> None:
    path.write_text(json.dumps(what, indent=1), encoding="utf-8")
