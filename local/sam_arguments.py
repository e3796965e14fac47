"""What `sam deploy` is told: every parameter of the template by name, so that nothing else holds.

For a parameter that nobody names SAM asks CloudFormation to keep the stack's value. So a line that
is taken out of samconfig.toml, or a new default in the template, would reach no stack that exists.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from local.parameter_stamps import stamp
from local.parameters import Refused, chosen, environment, pairs

BUILT = Path(".aws-sam/build")
HELP = """\
Each parameter is deployed with the template's default, unless the environment of samconfig.toml
says otherwise, and both yield to --parameter-overrides Name=Value ..., which add to the
environment's list and do not replace it. A value with blanks is quoted: 'Name="a b"'.
"""
_OVERRIDES = "--parameter-overrides"
# With these SAM would deploy, or keep for the next time, something else than what was read here.
_FLAGS = ("--guided", "-g", "--save-params")
_PATHS = ("--template", "--template-file", "-t", "--config-file")
# SAM takes a backslash away from a blank or a quote, and reads its older way of writing first.
_UNWRITABLE = re.compile(r"""\\(?=[\s"']|\Z)|ParameterKey=""")


def explicit(project: Path, arguments: Sequence[str]) -> list[str]:
    """Add every parameter to the arguments of a deployment, and mark the built functions with them.

    Raises Refused for what the template does not allow, and for options that would deploy anything
    else than what stands in the project's folder.
    """
    built = project / BUILT / "template.yaml"
    if not built.exists():
        raise Refused("nothing has been built yet: run make build")
    rest, words = _without_overrides(arguments)
    template = yaml_parse(built.read_text(encoding="utf-8"))
    config = (project / "samconfig.toml").read_text(encoding="utf-8")
    overrides = environment(config, _environment_in(rest)).overrides
    values = chosen(template.get("Parameters", {}), overrides, pairs(words))
    written = written_for_sam(values)
    stamp(built.parent, template, values)
    return [*rest, _OVERRIDES, *written] if written else rest


def written_for_sam(values: Mapping[str, str]) -> list[str]:
    """Write parameters so that SAM reads these very values; raises Refused where it cannot."""
    for name, value in values.items():
        if _UNWRITABLE.search(value):
            raise Refused(
                f"{name}={value}: SAM takes no backslash before a blank, a quote or the end,"
                " and no ParameterKey="
            )
    escaped = {name: value.replace('"', r"\"") for name, value in values.items()}
    return [f'{name}="{value}"' for name, value in escaped.items()]


def _without_overrides(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the arguments from the words of --parameter-overrides, which end at the next option."""
    rest: list[str] = []
    words: list[str] = []
    taking = False
    for word in arguments:
        option, equals, value = word.partition("=")
        if option == _OVERRIDES:
            taking = True
            words += [value] if equals else []
        elif taking and not word.startswith("-"):
            words.append(word)
        else:
            taking = False
            rest.append(word)
    return rest, words


def _environment_in(arguments: Sequence[str]) -> str:
    """Read which environment is deployed; raises Refused for options that lead elsewhere."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--config-env", default="default")
    parser.add_argument(*_FLAGS, dest="elsewhere", action="store_true")
    parser.add_argument(*_PATHS, dest="elsewhere")
    try:
        options, _ = parser.parse_known_args(arguments)
    except argparse.ArgumentError as fault:
        raise Refused(str(fault)) from fault
    if options.elsewhere:
        refused = ", ".join((*_FLAGS, *_PATHS))
        raise Refused(f"what stands in this folder is deployed, so there is none of {refused}")
    return str(options.config_env)
