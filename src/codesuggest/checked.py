"""Configuration files: TOML, checked against a shape, refused with the file and the key that is wrong."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from codesuggest.errors import CodesuggestError, field_problems

Shape = TypeVar("Shape", bound=BaseModel)


def load_checked(path: Path, shape: type[Shape], refusal: type[CodesuggestError]) -> Shape:
    """What a TOML file says, in its shape. Raises `refusal` naming the file, the key and what is wrong."""
    try:
        return shape.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise refusal(f"{path}: cannot be opened ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise refusal(f"{path}: not valid TOML ({error}).") from error
    except ValidationError as error:
        raise refusal(f"{path}: {field_problems(error)}") from error
