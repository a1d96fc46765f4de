"""Runs, versions and aliases in MLflow."""

import importlib.util
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from codesuggest.errors import SettingsError, TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAME = "codesuggest"
"""The experiment, and the registered model whose versions are the models that were trained."""

Alias = Literal["champion", "challenger"]
ALIASES: tuple[Alias, ...] = ("champion", "challenger")

_AT_ONCE = 500
"""Metrics that a server takes in one request."""

_CODE = Path(__file__).with_name("served.py")
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
"""Set before MLflow is imported, unless the operator has set them: nothing is sent, and a dead server is said to be."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one run is to leave in MLflow.

    texts         file name to content: documents and figures (SVG).
    model         the model's folder, which goes in as it is.
    example       a made-up narrative, as an example of the input.
    requirements  what the model needs installed, such as `numpy==2.4.6`.
    """

    name: str
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    texts: Mapping[str, str]
    tags: Mapping[str, str]
    model: Path
    example: str = field(repr=False)
    requirements: Sequence[str] = ()


class Logged(NamedTuple):
    """Where a run went: its id, and the version of the registered model."""

    run: str
    version: str


class Tracking:
    """MLflow at an address: `sqlite:///FILE` (its artefacts beside that file) or a server's `http(s)://` address.

    Raises TrackingError if MLflow is not installed, or if its store does not answer.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        _prepare(url)
        with self._answering():
            self._client = _connected(url)
            self._experiment = self._experiment_id()

    def log(self, record: RunRecord) -> Logged:
        """Log a finished run whole, and register its model as a new version with the alias `challenger`."""
        import mlflow  # noqa: PLC0415

        with self._answering(), mlflow.start_run(experiment_id=self._experiment, run_name=record.name) as run:
            mlflow.set_tags({key: value[:5000] for key, value in record.tags.items()})
            mlflow.log_params({key: str(value)[:6000] for key, value in record.parameters.items()})
            metrics = iter(record.metrics.items())
            while some := dict(islice(metrics, _AT_ONCE)):
                mlflow.log_metrics(some)
            for name, content in record.texts.items():
                mlflow.log_text(content, name)
            version = self._register(record)
            self._client.set_registered_model_alias(NAME, "challenger", version)
        return Logged(run.info.run_id, version)

    def attach(self, run: str, texts: Mapping[str, str]) -> None:
        """Add documents to a finished run: file name to content. Raises TrackingError if there is no such run."""
        with self._answering():
            self._client.get_run(run)  # the client keeps where an earlier store had the artefacts of a run
            for name, content in texts.items():
                self._client.log_text(run, content, name)

    def alias(self, alias: Alias, version: str) -> None:
        """Give a version an alias, which leaves the version that had it."""
        with self._answering():
            self._client.set_registered_model_alias(NAME, alias, version)

    def versions_of_aliases(self) -> dict[str, str]:
        """Which version has which alias; one that none has is not in it."""
        with self._answering():
            found = self._client.search_registered_models(f"name = '{NAME}'")
            return {alias: str(found[0].aliases[alias]) for alias in ALIASES if found and alias in found[0].aliases}

    def note(self, version: str, **tags: str) -> None:
        """Write on a version what was decided about it."""
        with self._answering():
            for key, value in tags.items():
                self._client.set_model_version_tag(NAME, version, key, value[:5000])

    def _register(self, record: RunRecord) -> str:
        import mlflow  # noqa: PLC0415  two seconds
        import pandas as pd  # noqa: PLC0415
        from mlflow.models import ModelSignature  # noqa: PLC0415
        from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415

        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(_CODE),
            artifacts={"model": str(record.model)},
            signature=ModelSignature(
                Schema([ColSpec(DataType.string, "narrative")]), Schema([ColSpec(DataType.string, "suggestions")])
            ),
            input_example=pd.DataFrame({"narrative": [record.example]}),
            pip_requirements=list(record.requirements),
            registered_model_name=NAME,
        )
        version = str(info.registered_model_version)
        self._client.set_model_version_tag(NAME, version, "name", record.name)
        return version

    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(NAME)
        if found is not None:
            return str(found.experiment_id)
        where = None if _is_server(self.url) else (_file_of(self.url).resolve().parent / "artifacts").as_uri()
        return str(self._client.create_experiment(NAME, artifact_location=where))

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """MLflow's own warnings kept from the user, and a store that does not answer as an error of ours."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
            return
        except (MlflowException, OSError) as error:  # those of its HTTP client are OSErrors too
            kind = type(error).__name__
        raise TrackingError(
            f"MLflow at {_shown(self.url)} did not do as asked ({kind}). Look whether it runs and can be written to, "
            "or set CODESUGGEST_TRACKING_URL to another."
        )


def local_url(models_dir: Path) -> str:
    """The address of the store that stands in the models folder: what is used where no other is set."""
    return f"sqlite:///{(models_dir.resolve() / 'tracking' / 'mlflow.db')}"


def run_page(url: str, run: str) -> str:
    """The address of the page on which a server shows a run; empty for a file, which nothing serves."""
    return f"{_shown(url).rstrip('/')}/#/runs/{run}" if _is_server(url) else ""


def _prepare(url: str) -> None:
    """Before MLflow is imported: silence, and a place for the local store. Raises TrackingError if there is none."""
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    if importlib.util.find_spec("mlflow") is None:
        raise TrackingError("MLflow is not installed. Install it with: pip install 'codesuggest[learn]'.")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if _is_server(url):
        return
    file = _file_of(url)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("ab").close()  # MLflow would try for minutes
    except OSError as error:
        raise TrackingError(
            f"{file}: MLflow's store cannot be written to ({error.strerror}). Set CODESUGGEST_TRACKING_URL to another."
        ) from error


def _connected(url: str) -> "MlflowClient":
    import mlflow  # noqa: PLC0415

    if not _is_server(url) and not _file_of(url).stat().st_size:
        _set_up(_file_of(url))
    mlflow.set_tracking_uri(url)
    mlflow.set_registry_uri(url)
    return mlflow.MlflowClient(url, url)


def _set_up(file: Path) -> None:
    """MLflow's tables, made beside and renamed into place: MLflow never gets on with a file that it was killed over."""
    import mlflow  # noqa: PLC0415

    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    mlflow.MlflowClient(f"sqlite:///{beside}").search_experiments()
    os.replace(beside, file)


def _is_server(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https")


def _file_of(url: str) -> Path:
    """The file of a `sqlite:///` address. Raises SettingsError for what is no address at all."""
    if not url.startswith("sqlite:///"):
        raise SettingsError("CODESUGGEST_TRACKING_URL: expected sqlite:///FILE, or the http(s) address of an MLflow.")
    return Path(url.removeprefix("sqlite:///"))


def _shown(url: str) -> str:
    """An address without a name and a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
