"""What the commands have in common: which stack, and errors in one sentence."""

import argparse
import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from local.recovery.deployment import Deployment, NothingThere
from local.recovery.span import MalformedMoment
from pipeline.errors import PipelineError

INTERRUPTED = 130  # as a shell tells of Ctrl-C


def parser_of(command: str, description: str | None) -> argparse.ArgumentParser:
    """Make a parser that knows where the stack is and whether anything may be changed."""
    parser = argparse.ArgumentParser(prog=command, description=description)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--port", type=int, default=4566, help="of the `make run` (PORT=)")
    parser.add_argument("--env", default="", help="environment of samconfig.toml, on AWS (ENV=)")
    return parser


def deployment_of(options: argparse.Namespace) -> Deployment:
    """Find the stack that the options name; raises NothingThere."""
    if options.env:
        return Deployment.on_aws(options.env)
    return Deployment.on_machine(options.port)


def run(work: Callable[[], int]) -> int:
    """Do the work; returns its exit status, or 1 for a problem, which is told in one sentence."""
    try:
        return work()
    except (NothingThere, MalformedMoment, PipelineError, TimeoutError) as problem:
        print(problem, file=sys.stderr)
    except (BotoCoreError, ClientError) as problem:
        print(f"AWS refused or could not be reached: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped; running it again does the rest.", file=sys.stderr)
        return INTERRUPTED
    return 1
