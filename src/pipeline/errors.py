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


@dataclass(eq=False)
class StatementFailed(PipelineError):
    """The warehouse ended a statement FAILED or ABORTED; nothing of its transaction was kept.

    `error` is the warehouse's own text, for logs only: it can repeat what was loaded. `replayed`
    tells that an earlier call with the same token had started the statement.
    """

    statement_id: str
    error: str
    replayed: bool = False

    def __str__(self) -> str:
        return f"statement {self.statement_id} failed"


class StatementGone(PipelineError):
    """The API knows a statement no longer: it keeps them for 24 hours."""


class WarehouseUnavailable(PipelineError):
    """The warehouse gave no final answer in time; the fate of the statement is unknown."""


class WarehouseBusy(WarehouseUnavailable):
    """The warehouse takes no more statements just now; asking again later helps."""


@dataclass(eq=False)
class BudgetSpent(PipelineError):
    """Every read of the warehouse that these seconds allow is taken; ask after `retry_after` s."""

    retry_after: int

    def __str__(self) -> str:
        return f"no read is left; ask again after {self.retry_after} s"


class TableUnavailable(PipelineError):
    """The table that containers share throttles or cannot be reached; reading goes on without."""


class LakeUnavailable(PipelineError):
    """The lake did not store or return an object; whoever can do without it goes on."""


class SecretUnavailable(PipelineError):
    """A secret could not be read, without which nothing can be signed or proven."""


class SchemaConflict(PipelineError):
    """A column in the warehouse has another type than the catalogue says; a person must decide."""


class MalformedAnnouncement(PipelineError):
    """A message on the load queue is not an announcement of an object that this lake holds."""


@dataclass(eq=False)
class MalformedQuestion(PipelineError):
    """A caller's question that cannot be answered as asked; names the parameter at fault."""

    parameter: str
    message: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.message}"


class BodyRefused(PipelineError):
    """A caller's body is of a media type, charset or encoding that is not taken."""


class BodyTooLarge(PipelineError):
    """A caller's body has more bytes than a question needs; the message says how many it may have."""


class NothingFound(PipelineError):
    """A caller asked for something that is not here; the message never repeats its name."""


class AnswerTooLarge(PipelineError):
    """An answer has more bytes than the endpoint gives at once; the message says what to do."""
