"""What the reader's function adds to its two calls; runs in an environment like its own.

Prints a line of JSON for each question: milliseconds of each read, and of what it waited for.
"""

import json
import sys
import time
from collections import defaultdict
from dataclasses import replace
from typing import Any

from benchmarks.context import Context
from benchmarks.questions import QUESTIONS
from benchmarks.year import TYPE
from pipeline import telemetry
from pipeline.budget import Budget
from pipeline.lake import brief_lake
from pipeline.serve import metrics
from pipeline.serve.desk.kept import KeptAnswers
from pipeline.shared_table import SharedTable

CALLS = ("execute_statement", "get_statement_result_v2")


class Watched:
    """Something of which some methods are timed."""

    def __init__(self, watched: Any, spent: dict[str, float], **names: str) -> None:
        self._watched, self._spent, self._names = watched, spent, names

    def __getattr__(self, method: str) -> Any:
        function = getattr(self._watched, method)
        return self._timed(function, self._names[method]) if method in self._names else function

    def _timed(self, function: Any, name: str) -> Any:
        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self._spent[name] += 1000 * (time.perf_counter() - started)

        return timed


def main(rounds: int) -> None:
    """Ask each question so often."""
    reader = Reader()
    reader.read(QUESTIONS["arrivals by airline"])
    for name, parameters in QUESTIONS.items():
        reads = [reader.read(parameters) for _ in range(rounds)]
        print(json.dumps({"question": name, "reads": reads}))


class Reader:
    """The handler, with watches around whatever it waits for.

    Each read finds a new budget and new kept answers, as in a container that was idle: it takes a
    token by a call of its own, and puts its answer on the shelf.
    """

    def __init__(self) -> None:
        self._spent: dict[str, float] = defaultdict(float)
        names = dict.fromkeys(CALLS, "calls")
        lines = metrics.warehouse._lines  # noqa: SLF001 (the only way to see them from outside)
        metrics.warehouse._lines = tuple(  # noqa: SLF001
            replace(line, client=Watched(line.client, self._spent, **names)) for line in lines
        )
        self._shelf = brief_lake(metrics.settings.lake_bucket)
        self._table = SharedTable(metrics.settings.budget_table)

    def read(self, parameters: dict[str, str]) -> dict[str, float]:
        """Answer once past every memory; returns the milliseconds in all, and of each part."""
        settings = metrics.settings
        budget = Budget(self._table, settings.reads_per_second)
        kept = KeptAnswers(self._shelf, report=telemetry.warn)
        metrics.desk = replace(
            metrics.desk,
            max_age=0,  # no other's answer is looked for
            budget=Watched(budget, self._spent, take="budget"),
            kept=Watched(kept, self._spent, keep="shelf"),
        )
        self._spent.clear()
        started = time.perf_counter()
        answer = metrics.handler(_request(parameters), Context())
        total = 1000 * (time.perf_counter() - started)
        if answer["statusCode"] != 200:  # noqa: PLR2004 (HTTP's OK)
            raise RuntimeError(answer["body"])
        return {"total": total, **self._spent}


def _request(parameters: dict[str, str]) -> dict[str, Any]:
    return {
        "resource": metrics.ROUTE,
        "httpMethod": "GET",
        "headers": {"Cache-Control": "no-cache"},
        "pathParameters": {"type": TYPE},
        "multiValueQueryStringParameters": {name: [text] for name, text in parameters.items()},
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
