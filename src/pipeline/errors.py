"""Every error that this system raises on purpose, named by what is wrong."""

from dataclasses import dataclass


class PipelineError(Exception):
    """Base of all errors that this system raises on purpose."""


class SettingsMissing(PipelineError):
    """Environment variables that a function needs are absent; all of them are listed."""


class CatalogueError(PipelineError):
    """A file of the catalogue is not a valid event type; the message names file and place."""


@dataclass(eq=False)
class MalformedEvent(PipelineError):
    """An event that cannot be taken as it is.

    `code` is a stable upper-case word for machines, `path` the JSON path of the fault (`$` is the
    whole event), `message` a sentence for people that never repeats the input.
    """

    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.code} at {self.path}: {self.message}"


class DeliveryFailed(PipelineError):
    """A queue or the event bus refused what was sent; the sender must try again."""


class StatementFailed(PipelineError):
    """The warehouse ended a statement FAILED or ABORTED; nothing of its transaction was kept."""


class WarehouseUnavailable(PipelineError):
    """The warehouse gave no final answer in time; the fate of the statement is unknown."""
