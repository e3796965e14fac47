"""What importing a handler costs a cold start, in instructions: noise cannot move them.

For every function that `make build` left in .aws-sam. The yardstick of a function is boto3 with the
clients that it creates, by the same Python from the same layer.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.sam import ROOT, folder_of, runtime

BUILT = ROOT / ".aws-sam/build"

# The program ends here: what Python does on leaving is no part of a cold start.
_END = "\nimport os; os._exit(0)"
_YARDSTICK = """
import boto3
from botocore.config import Config
for service, options in {clients}:
    boto3.client(service, config=Config(**options))
"""
_RECORDER = """
import json
from botocore.session import Session
real, made = Session.create_client, []
def create_client(session, service, *arguments, **named):
    config = named.get("config")
    made.append((service, dict(config._user_provided_options) if config else {{}}))
    return real(session, service, *arguments, **named)
Session.create_client = create_client
import {module}
print(json.dumps(made, default=str))
"""
# Values that are of every kind that a setting may be.
_PLACEHOLDER = "arn:aws:x:us-east-1:000000000000:x/x"
_NUMBERS = (
    "READS_PER_SECOND",
    "CACHE_TTL_SECONDS",
    "MISSING_AFTER_SECONDS",
)


class NotMeasurable(RuntimeError):
    """The template's Python or valgrind is not on this machine."""


@dataclass(frozen=True)
class Function:
    """A built function: its module, and the variables that the template gives it."""

    name: str
    module: str
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Build:
    """What `sam build` left, and the Python that runs it."""

    folder: Path
    python: Path
    _yardsticks: dict[str, int] = field(default_factory=dict)

    @classmethod
    def in_folder(cls, folder: Path) -> "Build":
        """Find the template's Python; raises NotMeasurable."""
        found = folder_of(runtime())
        if found is None:
            raise NotMeasurable(f"{runtime()} is not there")
        return cls(folder, found / runtime())

    @property
    def functions(self) -> Sequence[Function]:
        """All functions of the built template."""
        template = yaml_parse((self.folder / "template.yaml").read_text(encoding="utf-8"))
        shared = template["Globals"]["Function"]["Environment"]["Variables"]
        found = []
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                own = resource["Properties"].get("Environment", {}).get("Variables", {})
                module = resource["Properties"]["Handler"].rsplit(".", 1)[0]
                found.append(Function(name, module, _values({**shared, **own})))
        return found

    def print(self, program: str) -> str:
        """Return what a program prints when this build's Python runs it."""
        return self._run([], program, self.functions[0]).stdout

    def clients_of(self, function: Function) -> list[tuple[str, dict[str, Any]]]:
        """Names and settings of the clients that importing the handler creates."""
        program = _RECORDER.format(module=function.module)
        run = self._run([], program, function)
        return [(service, options) for service, options in json.loads(run.stdout)]

    def ratio(self, function: Function) -> float:
        """Count instructions of the handler's import, compared with boto3 and its clients alone.

        Raises NotMeasurable without valgrind.
        """
        if not shutil.which("valgrind"):
            raise NotMeasurable("cold starts cannot be measured: valgrind is not there")
        clients = repr(self.clients_of(function))
        if clients not in self._yardsticks:
            program = _YARDSTICK.format(clients=clients)
            self._yardsticks[clients] = self._count(program, function)
        return self._count(f"import {function.module}", function) / self._yardsticks[clients]

    def _count(self, program: str, function: Function) -> int:
        tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        run = self._run(tool, program + _END, function)
        [counted] = re.findall(r"Collected : (\d+)", run.stderr)
        return int(counted)

    def _run(
        self, tool: Sequence[str], program: str, function: Function
    ) -> subprocess.CompletedProcess[str]:
        code = self.folder / function.name
        environment = {
            **function.variables,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "LAMBDA_TASK_ROOT": str(code),
            "PATH": os.environ["PATH"],
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{self.folder / 'DependenciesLayer/python'}{os.pathsep}{code}",
        }
        # Without site, as Lambda has no site-packages of this machine.
        command = [*tool, str(self.python), "-S", "-c", program]
        run = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, cwd="/"
        )
        if run.returncode or "Traceback" in run.stderr:
            raise RuntimeError(f"{function.module}: {run.stderr[-2000:]}")
        return run


def _values(variables: Mapping[str, Any]) -> dict[str, str]:
    """Give each variable a value; an endpoint stays empty, as on AWS."""
    values = {
        name: value if isinstance(value, str) else _PLACEHOLDER for name, value in variables.items()
    }
    values |= {name: "1" for name in _NUMBERS if name in variables}
    return {name: "" if "ENDPOINT" in name else value for name, value in values.items()}


def measure() -> dict[str, str]:
    """Return the ratio of every function, with the services that it calls."""
    if not (BUILT / "template.yaml").exists():
        return {"cold start": "not measured: `make build` comes first"}
    build = Build.in_folder(BUILT)
    figures = {}
    for function in build.functions:
        services = ", ".join(sorted({service for service, _ in build.clients_of(function)}))
        what = f"cold start of {function.module}, compared with boto3 and its clients ({services})"
        figures[what] = f"{build.ratio(function):.2f} times the instructions"
    return figures
