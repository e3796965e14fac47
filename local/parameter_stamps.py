"""Marks each built function with the values of the parameters that its settings come from.

SAM publishes a version of a function when its code or the text of its settings changes. Where the
text names a parameter (`!Ref CacheTtlSeconds`), a new value changes the function but publishes
nothing, so its alias would go on with the old value (serverless-application-model#1640, #3820).
With the mark in its code every new value makes a new version, and of no other function.
"""

import hashlib
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

BUILT = Path(".aws-sam/build")
MARK = "parameters.sha256"
_OPTION = "--parameter-overrides"


def stamp(project: Path, arguments: Sequence[str]) -> None:
    """Mark what was built in a project for a `sam deploy` with these arguments."""
    template = yaml_parse((project / BUILT / "template.yaml").read_text(encoding="utf-8"))
    declared = template.get("Parameters", {})
    values = {name: str(parameter.get("Default", "")) for name, parameter in declared.items()}
    values |= overrides(arguments, project / "samconfig.toml")
    for folder, used in parameters_of_folders(template).items():
        text = json.dumps({name: values[name] for name in sorted(used)})
        digest = hashlib.sha256(text.encode()).hexdigest()
        (project / BUILT / folder / MARK).write_text(f"{digest}\n", encoding="utf-8")


def overrides(arguments: Sequence[str], config: Path) -> dict[str, str]:
    """Read the values that a deployment sets: those of its arguments, or else its environment's."""
    if _OPTION in arguments:
        rest = list(arguments[arguments.index(_OPTION) + 1 :])
        end = next((place for place, word in enumerate(rest) if word.startswith("--")), len(rest))
        text = " ".join(rest[:end])
    else:
        name = arguments[arguments.index("--config-env") + 1] if "--config-env" in arguments else ""
        environment = tomllib.loads(config.read_text(encoding="utf-8")).get(name or "default", {})
        text = environment.get("deploy", {}).get("parameters", {}).get("parameter_overrides", "")
    return dict(pair.split("=", 1) for pair in text.split())


def parameters_of_folders(template: Mapping[str, Any]) -> dict[str, set[str]]:
    """Find the parameters that the functions of each built folder depend on."""
    shared = json.dumps(template.get("Globals", {}).get("Function", {}), default=str)
    found: dict[str, set[str]] = defaultdict(set)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            settings = json.dumps(resource["Properties"].get("Environment", {}), default=str)
            found[resource["Properties"]["CodeUri"]] |= _parameters_in(shared + settings, template)
    return found


def _parameters_in(text: str, template: Mapping[str, Any]) -> set[str]:
    """Find the parameters that a text names, by itself or through a condition."""
    conditions = template.get("Conditions", {})
    asked = [
        json.dumps(condition, default=str)
        for name, condition in conditions.items()
        if f'"Fn::If": ["{name}"' in text
    ]
    whole = " ".join([text, *asked])
    return {
        name
        for name in template.get("Parameters", {})
        if re.search(rf'"Ref": "{name}"|\$\{{{name}\}}', whole)
    }
