"""What an operator may set, from the environment (`CODESUGGEST_...`); each default is written here once."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from codesuggest.errors import SettingsError, field_problems


class Settings(BaseSettings):
    """The settings of the command line and of the service."""

    model_config = SettingsConfigDict(env_prefix="CODESUGGEST_", extra="ignore", hide_input_in_errors=True)

    models_dir: Path = Field(Path("models"), description="Folder that holds one folder a model.")
    model: str = Field(
        "",
        description="Model in use: a name in the models folder, or a path. Empty: the one named in its `in-use` file.",
    )
    embedder_dir: Path | None = Field(
        None,
        description="Folder of a sentence-transformers model to embed with. Empty: the installed all-MiniLM-L6-v2.",
    )
    redaction_dir: Path | None = Field(
        None, description="Folder of the redactor's policy and language model. Empty: the shipped one."
    )
    host: str = Field("127.0.0.1", description="Address that `codesuggest serve` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that `codesuggest serve` listens on.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe message that is logged. Logs carry ids, counts and durations only."
    )
    max_narrative_chars: int = Field(20_000, ge=1, description="Longest narrative accepted, in characters.")
    max_batch: int = Field(500, ge=1, description="Most narratives accepted in one request.")
    max_file_mb: int = Field(2_000, ge=1, description="Largest input file accepted, in megabytes.")
    threads: int = Field(0, ge=0, description="Threads of one computation. 0: as many as there are cores.")


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises SettingsError naming the variable and what is wrong with it.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(f"Settings: {field_problems(error, prefix='CODESUGGEST_')}") from error


def shipped(folder: Literal["taxonomy", "redaction", "columns"]) -> Path:
    """Where the files that come with the product are: inside an installed wheel, or in the source tree."""
    installed = Path(__file__).parent / "shipped" / folder
    if installed.is_dir():
        return installed
    root = Path(__file__).parents[2]
    home = "models" if folder == "redaction" else "annotation"
    return root / home / folder
