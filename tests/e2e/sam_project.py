"""A copy of the project, which the real `sam` builds and deploys to a local cloud."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

from local import bootstrap
from local.cloud import LocalCloud
from local.parameters import environment
from local.processes import clean_environment
from local.run import parameters_on
from local.sam import ROOT, PythonMissing, run
from local.stack import Stack

NEEDED = ("template.yaml", "samconfig.toml", "src", "dependencies", "statemachine")
SECONDS = 300  # a deadline for one command; it takes about a tenth


@dataclass(frozen=True)
class Finished:
    """What a command of SAM's printed, progress left out, and its exit status."""

    status: int
    output: str

    @property
    def faults(self) -> str:
        """The lines that tell what failed."""
        return "\n".join(re.findall(r"^.*(?:FAILED|Error).*$", self.output, re.MULTILINE))


@dataclass(frozen=True)
class SamProject:
    """A folder with all that a deployment needs, and the cloud that it goes to."""

    folder: Path
    cloud: LocalCloud | None = None

    @classmethod
    def built_in(cls, folder: Path) -> Self:
        """Copy the project and build it; skips the test where that is not possible."""
        if problem := bootstrap.main(ROOT / ".venv-sam", ROOT / "requirements/sam.txt"):
            pytest.skip(f"SAM could not be installed: {problem}")
        for name in NEEDED:
            source, target = ROOT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        project = cls(folder)
        try:
            project.build()
        except PythonMissing as problem:
            pytest.skip(f"no deployment by the real sam: {problem}")
        return project

    def on(self, cloud: LocalCloud) -> "SamProject":
        return replace(self, cloud=cloud)

    @contextmanager
    def copied(self) -> Iterator["SamProject"]:
        """Lend a copy, for a deployment marks what it deploys; it is gone afterwards."""
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "project"
            shutil.copytree(self.folder, folder, copy_function=self._lend)
            yield replace(self, folder=folder)

    def _lend(self, source: str, target: str) -> None:
        """Link the files of a built function or layer, which nothing changes in place; copy others.

        There are ten thousand of them: links take a hundredth of the time.
        """
        inside = Path(source).relative_to(self.folder).parts
        if inside[0] == ".aws-sam" and len(inside) > 4:
            os.link(source, target)
        else:
            shutil.copy(source, target)

    def sam(self, *arguments: str, answer: str = "") -> Finished:
        """Run a command of SAM's in this folder, as make does in the project's."""
        done = run(
            arguments,
            self._environment(),
            self.folder,
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        return Finished(done.returncode, re.sub(r"^.*\r", "", done.stdout, flags=re.MULTILINE))

    def _environment(self) -> dict[str, str]:
        """Keep the user's settings of pip for a build, and none of AWS for what meets a cloud."""
        quick = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2", "COLUMNS": "200"}
        if self.cloud is None:
            return {**os.environ, **quick}
        return clean_environment({**quick, "AWS_ENDPOINT_URL": self.cloud.endpoint})

    def build(self) -> str:
        built = replace(self, cloud=None).sam("build")
        assert built.status == 0, built.output
        return built.output

    def deploy(
        self, *more: str, env: str = "dev", answer: str = "", **parameters: str | None
    ) -> Finished:
        """Deploy an environment with the parameters for one machine, and more; None names none."""
        assert self.cloud
        wanted = {**parameters_on(self.cloud), **parameters}
        overrides = [f"{name}={value}" for name, value in wanted.items() if value is not None]
        return self.sam(
            "deploy", "--config-env", env, *more, "--parameter-overrides", *overrides, answer=answer
        )

    def must_deploy(self, *more: str, **parameters: str | None) -> str:
        done = self.deploy(*more, env="dev", answer="", **parameters)
        assert done.status == 0, done.faults
        return done.output

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace what must stand exactly once in a file of this folder."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def outputs(self, stack_name: str) -> dict[str, str]:
        assert self.cloud
        client = self.cloud.client("cloudformation")
        (found,) = client.describe_stacks(StackName=stack_name)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in found["Outputs"]}

    def stack(self, stack_name: str) -> Stack:
        assert self.cloud
        return Stack.on_machine(self.cloud, self.outputs(stack_name))


def stack_name_of(env: str) -> str:
    """Read the name that samconfig.toml gives an environment's stack."""
    return environment((ROOT / "samconfig.toml").read_text(encoding="utf-8"), env).stack_name
