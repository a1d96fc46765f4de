"""A saved model reloads with the same ranks; a tampered, foreign or newer one is refused with the reason."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from codesuggest.embed import HashingEmbedder
from codesuggest.errors import EmbedderError, ModelError
from codesuggest.redact import Redactor
from codesuggest.registry import FORMAT, Model, find_model, load_manifest, load_model, save_model
from codesuggest.suggest import Suggester

TEXTS = ["Wrong patient called and scanned in CT, wristband not looked at", "Cannula tissued, contrast in the arm"]


@pytest.fixture
def copy(model_dir: Path, tmp_path: Path) -> Path:
    return shutil.copytree(model_dir, tmp_path / "copy")


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_reloaded_model_suggests_the_same(suggester: Suggester, model_dir: Path, redactor: Redactor) -> None:
    again = Suggester(load_model(model_dir), HashingEmbedder(64), redactor)
    assert again.suggest(TEXTS) == suggester.suggest(TEXTS)


def test_manifest_says_what_the_model_was_made_from(model_dir: Path, working: object, redactor: Redactor) -> None:
    manifest = load_manifest(model_dir)
    assert manifest.taxonomy == "imaging-working-1"
    assert manifest.embedder == "hashing-64"
    assert manifest.redactor == redactor.identity
    assert manifest.recipe["seed"] == 3
    assert manifest.data["n"] == 100
    assert manifest.data["declared_redacted"] is False
    assert {"scikit-learn", "skops", "presidio-analyzer", "codesuggest"} <= set(manifest.libraries)


@pytest.mark.parametrize("name", ["features.skops", "ranker-severity.skops", "taxonomy/codes.csv", "trained-on.txt"])
def test_an_altered_or_missing_file_is_refused(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match=f"{name} was altered after training"):
        load_model(copy)
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load_model(copy)


def test_a_file_that_the_manifest_does_not_vouch_for_is_refused(copy: Path) -> None:
    shutil.copy(copy / "features.skops", copy / "extra.skops")
    with pytest.raises(ModelError, match="does not vouch for extra.skops"):
        load_model(copy)


def test_a_foreign_type_is_refused_even_with_a_matching_hash(copy: Path) -> None:
    import hashlib

    import skops.io
    from sklearn.base import BaseEstimator

    class Foreign(BaseEstimator):
        pass

    skops.io.dump(Foreign(), copy / "ranker-severity.skops")
    files = load_manifest(copy).files
    changed = hashlib.sha256((copy / "ranker-severity.skops").read_bytes()).hexdigest()
    edit_manifest(copy, files={**files, "ranker-severity.skops": changed})
    with pytest.raises(ModelError, match="holds types that no model of codesuggest does"):
        load_model(copy)


def test_a_newer_format_is_refused(copy: Path) -> None:
    edit_manifest(copy, format=FORMAT + 1)
    with pytest.raises(
        ModelError, match=f"model format {FORMAT + 1}; this version of codesuggest reads format {FORMAT}"
    ):
        load_model(copy)


@pytest.mark.parametrize("content", ["{}", "[]", "not json", '{"format": 4, "colour": 2}'])
def test_a_foreign_manifest_is_refused(copy: Path, content: str) -> None:
    (copy / "manifest.json").write_text(content)
    with pytest.raises(ModelError, match="not the manifest"):
        load_model(copy)


def test_another_taxonomy_in_the_folder_is_refused(copy: Path) -> None:
    edit_manifest(copy, taxonomy_fingerprint="0" * 64)
    with pytest.raises(ModelError, match="not the one it was trained on"):
        load_model(copy)


def test_another_embedder_is_refused(copy: Path) -> None:
    edit_manifest(copy, embedder="elsewhere-123")
    with pytest.raises(EmbedderError, match="'elsewhere-123' is wanted"):
        Suggester.load(copy)


def test_a_missing_model_says_how_to_train_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="codesuggest train"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match="No model is named"):
        find_model(tmp_path, "")


def test_the_model_in_use_is_the_one_the_pointer_names(tmp_path: Path, model_dir: Path) -> None:
    (tmp_path / "in-use").write_text("second\n")
    assert find_model(tmp_path, "") == tmp_path / "second"
    assert find_model(tmp_path, "first") == tmp_path / "first"
    assert find_model(tmp_path, str(model_dir)) == model_dir


def test_saving_replaces_a_model_whole_and_never_another_folder(small_model: Model, copy: Path, tmp_path: Path) -> None:
    (copy / "features.skops").unlink()
    save_model(small_model, copy)
    assert load_model(copy).manifest.name == "small"
    (tmp_path / "other").mkdir()
    with pytest.raises(ModelError, match="holds no model"):
        save_model(small_model, tmp_path / "other")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_no_file_of_a_model_is_a_pickle(model_dir: Path) -> None:
    import zipfile

    assert not list(model_dir.rglob("*.pkl"))
    for path in model_dir.rglob("*.skops"):
        assert not [name for name in zipfile.ZipFile(path).namelist() if not name.endswith((".json", ".npy", ".npz"))]


def test_a_vocabulary_is_saved_as_plain_numbers_and_not_as_a_file_a_word(model_dir: Path) -> None:
    with zipfile.ZipFile(model_dir / "features.skops") as saved:
        assert len(saved.namelist()) < 20
