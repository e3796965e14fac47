"""Marks each built function with the values of the parameters that its settings come from.

SAM publishes a version of a function when its code or the text of its settings changes. Where the
text names a parameter (`!Ref CacheTtlSeconds`), a new value changes the function but publishes
nothing, so its alias would go on with the old value (serverless-application-model#1640, #3820).
With the mark in its code every new value makes a new version, and of no other function.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MARK = "parameters.sha256"


def stamp(built: Path, template: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Mark what was built, and what its template describes, for a deployment with these values."""
    for folder, used in parameters_of_folders(template).items():
        text = json.dumps({name: values[name] for name in sorted(used)})
        digest = hashlib.sha256(text.encode()).hexdigest()
        (built / folder / MARK).write_text(f"{digest}\n", encoding="utf-8")


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
