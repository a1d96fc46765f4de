"""Every way codesuggest can refuse, in the words a user reads. No message ever carries narrative text."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class CodesuggestError(Exception):
    """Something the user can put right; the message says what, where and how."""


class SettingsError(CodesuggestError):
    """A setting has a value that cannot be used."""


class RecipeError(CodesuggestError):
    """A training recipe or a protocol file cannot be followed as written."""


class TaxonomyError(CodesuggestError):
    """A taxonomy's files contradict themselves or the rules of a taxonomy."""


class UnknownCodeError(CodesuggestError):
    """A code or an axis is not in the taxonomy in use."""


class CodingStringError(CodesuggestError):
    """A coding string does not follow the taxonomy's grammar."""


class ReadError(CodesuggestError):
    """A file or a request cannot be read as narratives."""


class TooLargeError(ReadError):
    """The input is over a stated size."""


class RedactionError(CodesuggestError):
    """Redaction could not be completed, so nothing was kept or shown."""


class EmbedderError(CodesuggestError):
    """The embedding weights are missing or are not the ones expected."""


class ModelError(CodesuggestError):
    """A model folder is missing, incomplete, altered, or made for something else."""


class TrackingError(CodesuggestError):
    """MLflow is not installed, or its store does not answer."""


class GateError(CodesuggestError):
    """A model may not take the place of the one in use as things stand."""


class StoreError(CodesuggestError):
    """The store cannot be used as it is."""


class MissingError(CodesuggestError):
    """What was asked for is not there, or not for you to see."""


class ConflictError(CodesuggestError):
    """Somebody else, or an earlier request, has settled this already."""


class CodingError(CodesuggestError):
    """A coding is incomplete, or has codes that cannot stand together on their axis."""


class SignInError(CodesuggestError):
    """Nobody is signed in, or the name, password or token is not good."""


class ForbiddenError(CodesuggestError):
    """The one who asks may not do this."""


class TooOftenError(CodesuggestError):
    """Too many requests in too short a time."""


class BulkError(CodesuggestError):
    """A bulk run cannot start, go on or be finished; what it has done so far is kept."""


class AgreementError(CodesuggestError):
    """A statistic is undefined on these codings."""


def field_problems(error: "ValidationError", prefix: str = "") -> str:
    """A validation error as `field: what is wrong` clauses, without the values that were given."""
    clauses = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = ".".join(str(part) for part in problem["loc"])
        clauses.append(f"'{prefix + name.upper() if prefix else name}': {problem['msg']}")
    return "; ".join(clauses)
