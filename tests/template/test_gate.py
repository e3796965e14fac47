"""The gate itself: what it accepts, and what it says of what it accepts."""

from pathlib import Path
from typing import Any

import pytest

from local.lint.__main__ import place, print_section
from local.lint.expansion import Template, with_every_condition, written_as
from local.lint.findings import Accepted, Finding, accepted_in, remaining, told_of_origins
from local.lint.policies import policies
from local.lint.programs import LinterFailedError, answer, answers
from local.lint.source_linters import excused, wrong_skips

FOUND = Finding("checkov", "", "CKV_AWS_1", "Queue", "It is open")
REASON = "It is meant to be open"


def accepting(resource: str, rule: str = "CKV_AWS_1", reason: str = REASON) -> Accepted:
    return Accepted(resource, rule, reason)


@pytest.mark.parametrize("resource", ["Queue", ""])
def test_what_is_accepted_is_not_told(resource: str) -> None:
    assert remaining([FOUND], [accepting(resource)]) == []


@pytest.mark.parametrize("accepted", [accepting("Other"), accepting("Queue", "CKV_AWS_2")])
def test_another_place_or_rule_is_not_accepted(accepted: Accepted) -> None:
    assert FOUND in remaining([FOUND], [accepted])


def test_accepting_needs_a_reason() -> None:
    [told] = remaining([FOUND], [accepting("Queue", reason="because")])
    assert (told.tool, told.rule, told.place) == ("accepted", "CKV_AWS_1", "Queue")


def test_accepting_what_is_not_there_is_told() -> None:
    [told] = remaining([], [accepting("Queue")])
    assert told.text == "is accepted, but nothing breaks it: take it away"


def test_accepted_rules_are_read_from_the_template_and_its_resources() -> None:
    template = {
        "Metadata": {"Accepted": {"A": REASON}},
        "Resources": {
            "Queue": {"Metadata": {"Accepted": {"B": None}}},
            "Topic": {"Metadata": {"BuildMethod": "makefile"}},
        },
    }
    assert list(accepted_in(template)) == [Accepted("", "A", REASON), Accepted("Queue", "B", "")]


def test_what_sam_makes_is_told_of_what_it_was_made_from() -> None:
    resources: Template = {"Api": {}, "Queue": {}, "QueuePolicy": {}}
    names = ["ApiliveStage", "QueuePolicy", "Queue", "Parameters/Size"]
    found = [written_as(name, resources) for name in names]
    assert found == ["Api", "QueuePolicy", "Queue", "Parameters/Size"]


def test_the_same_finding_in_both_forms_is_told_once() -> None:
    made = Finding("checkov", "", "CKV_AWS_1", "QueueRole", "It is open")
    assert told_of_origins([FOUND, made], {"Resources": {"Queue": {}}}) == [FOUND]


def test_conditions_are_taken_as_true() -> None:
    choice = {"Fn::If": ["Caches", {"Size": {"Fn::If": ["Large", 2, 1]}}, {"Ref": "AWS::NoValue"}]}
    assert with_every_condition({"Cache": [choice]}) == {"Cache": [{"Size": 2}]}


def test_policies_name_examples_of_what_they_are_about() -> None:
    def document(resource: Any) -> dict[str, Any]:
        return {"Statement": [{"Resource": resource}]}

    template = {
        "Parameters": {"Theirs": {"Default": "arn:aws:sqs:us-east-1:000000000000:theirs"}},
        "Resources": {
            "Lake": {"Type": "AWS::S3::Bucket"},
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "Policies": [
                        {"PolicyDocument": document({"Fn::Sub": "${Lake.Arn}/a/${!x}"})},
                        {"PolicyDocument": document({"Ref": "Topic"})},
                    ]
                },
            },
            "Policy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "PolicyDocument": document(
                        {"Fn::If": ["Own", {"Fn::GetAtt": ["Queue", "Arn"]}, {"Ref": "Theirs"}]}
                    )
                },
            },
        },
    }
    found = [(name, one["Statement"][0]["Resource"]) for name, one in policies(template)]
    assert found == [
        ("Role", "arn:aws:s3:::Lake/a/${!x}"),
        ("Role", "arn:aws:sns:us-east-1:123456789012:Topic"),
        ("Policy", "arn:aws:sqs:us-east-1:123456789012:Queue"),
        ("Policy", "arn:aws:sqs:us-east-1:000000000000:theirs"),
    ]


def test_every_policy_of_the_template_is_about_real_arns(seen: Template) -> None:
    for name, policy in policies(seen):
        for statement in policy["Statement"]:
            resources = statement["Resource"]
            for one in resources if isinstance(resources, list) else [resources]:
                assert one == "*" or one.startswith("arn:aws:"), (name, one)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = f()  # noqa: S608 (a number)", True),
        ("x = f()  # noqa: S310, S608 - a number", True),
        ("x = f()  # noqa: S608", False),
        ("x = f()  # noqa: S310 (a number)", False),
        ("x = f()", False),
    ],
)
def test_a_line_is_excused_from_bandit_by_ruffs_comment_with_a_reason(
    line: str, *, expected: bool
) -> None:
    assert excused(line, "B608") is expected


def test_what_is_skipped_needs_a_reason_and_a_finding(tmp_path: Path) -> None:
    mark = "checkov:" + "skip=CKV_SECRET_6"
    path = tmp_path / "a.py"
    path.write_text(f"# {mark}\nx = 1\n\n# {mark}:it is made up\ny = 2\n")
    told = list(wrong_skips(tmp_path, [path], {("a.py", 2)}))
    assert [(one.place, one.text) for one in told] == [
        ("a.py:1", "is skipped without a reason"),
        ("a.py:4", "is skipped, but nothing is there"),
    ]


def test_a_resource_is_told_with_its_line() -> None:
    lines = ["Resources:", "  QueuePolicy:", "  Queue:", "    Type: AWS::SQS::Queue"]
    assert place(FOUND, lines) == "template.yaml:3 Queue"


def test_a_section_lists_its_findings_or_says_that_there_are_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_section("checkov", [FOUND])
    print_section("bandit", [])
    assert (
        capsys.readouterr().out == "checkov: 1\n  Queue  CKV_AWS_1  It is open\nbandit: nothing\n"
    )


def test_a_linter_that_fails_is_no_linter_that_finds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "linter"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr("local.lint.programs.PROGRAMS", tmp_path)
    for run in (answer, answers):
        with pytest.raises(LinterFailedError, match="broken"):
            run("linter")
