"""What an operator may set, from the environment (`CODESUGGEST_...`); each default is written here once."""

from functools import cache
from pathlib import Path
from textwrap import wrap
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
    max_upload_mb: int = Field(20, ge=1, description="Largest file of incidents sent to the service, in megabytes.")
    auth: Literal["none", "password", "proxy"] = Field(
        "none",
        description="Who may use the service. none: no store, suggestions only, this machine only. password: coders "
        "sign in. proxy: a reverse proxy in front has signed them in.",
    )
    database_url: str = Field(
        "sqlite:///codesuggest.db",
        description="The store: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/DATABASE.",
    )
    tracking_url: str = Field(
        "",
        description="MLflow, where trained models are recorded: sqlite:///FILE, or the http(s) address of a server. "
        "Empty: a file of its own in the models folder.",
    )
    protocol: Path | None = Field(None, description="The department's `protocol.toml`. Empty: the shipped one.")
    proxy_header: str = Field("X-Forwarded-User", description="Header in which the trusted proxy names the coder.")
    proxy_addresses: str = Field(
        "127.0.0.1,::1", description="Addresses of the trusted proxy, separated by commas; nobody else is believed."
    )
    reports_dir: Path | None = Field(
        None, description="Folder of reports in HTML that leads who see every site find on the page. Empty: none."
    )
    cookie_secure: bool = Field(default=True, description="Whether browsers send the log-in over HTTPS only.")
    session_hours: int = Field(12, ge=1, le=720, description="How long a log-in lasts.")
    assignment_hours: int = Field(
        12, ge=1, le=720, description="How long an incident stays with the coder who was given it."
    )
    requests_per_minute: int = Field(600, ge=1, description="Most requests a minute of one coder, token or address.")
    request_timeout_s: int = Field(
        60,
        ge=1,
        description="Longest time that one request may take, in seconds; fifteen times as long to send incidents in.",
    )
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


def shipped(folder: Literal["taxonomy", "redaction", "columns", "protocol.toml"]) -> Path:
    """Where the files that come with the product are: inside an installed wheel, or in the source tree."""
    installed = Path(__file__).parent / "shipped" / folder
    if installed.exists():
        return installed
    root = Path(__file__).parents[2]
    return root / ("models" if folder == "redaction" else "annotation") / folder


def settings_example() -> str:
    """Every setting with its meaning and default, as a file of variables to copy and change."""
    lines = [
        "# Every setting of codesuggest with its default. Copy this file, and take the # away where you change one."
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        lines += ["", *(f"# {line}" for line in wrap(field.description or "", 110))]
        lines.append(f"# CODESUGGEST_{name.upper()}={shown}")
    return "\n".join(lines) + "\n"
