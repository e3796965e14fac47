"""No function and no sample is left out of those that run in containers, wherever this is run."""

import re
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TESTS = (Path(__file__).parent / "test_invoke.py").read_text(encoding="utf-8")
INVOKED = re.findall(r'^@invokes\("(\w+)", "(\w+)"\)$', TESTS, re.MULTILINE)


def test_every_function_of_the_template_is_invoked() -> None:
    resources = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Resources"]
    functions = {
        name for name, made in resources.items() if made["Type"] == "AWS::Serverless::Function"
    }
    assert {f"{function}Function" for function, _ in INVOKED} == functions


def test_every_sample_is_used() -> None:
    assert {sample for _, sample in INVOKED} == {
        path.stem for path in (ROOT / "events").glob("*.json")
    }
