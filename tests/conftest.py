"""A small real model, trained once on part of the sample with the hashing embedder; nothing here is mocked."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesuggest.bulk import BulkJob
from codesuggest.domain import Taxonomy
from codesuggest.embed import HashingEmbedder
from codesuggest.redact import Redactor
from codesuggest.registry import Model, save_model
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import load_taxonomy
from codesuggest.train import load_recipe, train

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
