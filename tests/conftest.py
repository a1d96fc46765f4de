"""A small real model, trained once on part of the sample with the hashing embedder; nothing here is mocked."""

import copy
import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine

from codesuggest.bulk import BulkJob
from codesuggest.domain import Taxonomy
from codesuggest.embed import HashingEmbedder
from codesuggest.redact import Redactor
from codesuggest.registry import Model, save_model
from codesuggest.store.database import Database
from codesuggest.store.schema import upgrade
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import load_taxonomy
from codesuggest.train import load_recipe, train
from postgres import postgres_is_installed, running_postgres

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "annotation" / "sample" / "incidents.jsonl"

RECIPE = """
name = "small"
taxonomy = "imaging-working-1"
seed = 3

[data]
files = ["incidents.jsonl"]

[embedder]
name = "hashing-64"

[ranker]
n_folds = 2
"""


@pytest.fixture(scope="session")
def working() -> Taxonomy:
    return load_taxonomy("imaging-working-1")


@pytest.fixture(scope="session")
def national() -> Taxonomy:
    return load_taxonomy("pria24")


@pytest.fixture(scope="session")
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe and 100 sample incidents."""
    folder = tmp_path_factory.mktemp("small")
    with SAMPLE.open(encoding="utf-8") as sample:
        (folder / "incidents.jsonl").write_text("".join(itertools.islice(sample, 100)), encoding="utf-8")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def small_model(small_folder: Path) -> Model:
    return train(load_recipe(small_folder / "recipe.toml")).model


@pytest.fixture(scope="session")
def model_dir(small_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(small_model, tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="session")
def suggester(small_model: Model, redactor: Redactor) -> Suggester:
    return Suggester(small_model, HashingEmbedder(64), redactor)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file of this name in an empty folder."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, migrated."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server whose database `template` is an empty store, migrated."""
    if not postgres_is_installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as url:
        _execute(url, "CREATE DATABASE template")
        database = Database(f"{url}/template")
        upgrade(database)
        database.close()
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an empty SQLite store."""
    shutil.copy(sqlite_template, tmp_path / "store.db")
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store, on each kind of database."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url: str = request.getfixturevalue("postgres")
    name = f"store_{next(_NUMBERS)}"
    _execute(url, f"CREATE DATABASE {name} TEMPLATE template")
    return f"{url}/{name}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty store, on each kind of database."""
    database = Database(database_url)
    yield database
    database.close()


_NUMBERS = itertools.count(1)


def _execute(url: str, statement: str) -> None:
    engine = create_engine(
        f"{url}/postgres".replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def job(tmp_path: Path, model_dir: Path) -> Callable[..., BulkJob]:
    """A bulk job from a file to `made/out.csv`, in small chunks."""

    def _job(source: Path, out: str = "out.csv", **options: Any) -> BulkJob:
        return BulkJob(source, tmp_path / "made" / out, model_dir, **{"chunk": 4, **options})

    return _job


@pytest.fixture
def bold(small_model: Model, redactor: Redactor) -> Suggester:
    """The small model, with rules under which everything is automatic, and with no memory of what it learnt from."""
    rankers = copy.deepcopy(dict(small_model.rankers))
    for ranker in rankers.values():
        ranker.automatic_[:, 1] = -np.inf
    return Suggester(replace(small_model, rankers=rankers, trained_on=frozenset()), HashingEmbedder(64), redactor)
