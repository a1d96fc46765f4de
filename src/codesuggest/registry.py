"""A model as a folder: a manifest, and the files it vouches for by hash. Written beside and renamed into place.

Nothing is unpickled: estimators are stored with skops, and only the types named here are allowed back.
"""

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from codesuggest.domain import Taxonomy
from codesuggest.errors import ModelError, TaxonomyError
from codesuggest.rank import AxisChain, CodeRanker, LexicalFeatures
from codesuggest.similarity import PastIncidents
from codesuggest.taxonomy import load_taxonomy, write_taxonomy

FORMAT = 4
_ALLOWED = [
    "codesuggest.rank.chain.AxisChain",
    "codesuggest.rank.features.LexicalFeatures",
    "codesuggest.rank.ranker.CodeRanker",
]
_LIBRARIES = (
    "scikit-learn",
    "sentence-transformers",
    "skops",
    "presidio-analyzer",
    "spacy",
    "numpy",
    "torch",
)


def _no_past() -> PastIncidents:
    return PastIncidents((), (), np.zeros((0, 0), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model is and what it was made from."""

    name: str
    created: str
    taxonomy: str
    taxonomy_fingerprint: str
    redactor: str
    embedder: str
    recipe: Mapping[str, Any]
    data: Mapping[str, Any]
    axes: Mapping[str, tuple[str, ...]]
    libraries: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that turns redacted text into ranked codes, except the embedder and the redactor.

    manifest.axes  the codes that each ranker's columns stand for, by axis.
    chain          weighs what the rankers say of each axis by what they say of the others.
    trained_on     digests of the narratives it was trained on, so that it is never measured on them.
    past           the incidents it was trained on, to show similar ones; without their text.
    """

    manifest: Manifest
    taxonomy: Taxonomy
    features: LexicalFeatures
    rankers: Mapping[str, CodeRanker]
    chain: AxisChain
    trained_on: frozenset[str] = frozenset()
    past: PastIncidents = field(default_factory=_no_past)


def digest(text: str) -> str:
    """A short digest of a redacted text, the same for texts that differ in letter case or spacing only."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()[:16]


def make_manifest(**fields: Any) -> Manifest:
    """A manifest with the date and the installed libraries filled in."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    libraries = {"codesuggest": metadata.version("codesuggest")}
    libraries |= {name: metadata.version(name) for name in _LIBRARIES}
    return Manifest(created=now, libraries=libraries, **fields)


def save_model(model: Model, folder: Path) -> Path:
    """Write a model to `folder`, whole or not at all; a model that stood there is replaced."""
    import skops.io  # noqa: PLC0415  two seconds

    if folder.exists() and not (folder / "manifest.json").is_file():
        raise ModelError(f"{folder} exists and holds no model. Name another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        skops.io.dump(model.features, work / "features.skops")
        skops.io.dump(model.chain, work / "chain.skops")
        for axis, ranker in model.rankers.items():
            skops.io.dump(ranker, work / f"ranker-{axis}.skops")
        write_taxonomy(model.taxonomy, work / "taxonomy")
        _save_past(model.past, work)
        (work / "trained-on.txt").write_text("".join(f"{line}\n" for line in sorted(model.trained_on)))
        files = {str(path.relative_to(work)): _sha256(path) for path in sorted(work.rglob("*")) if path.is_file()}
        content = {**asdict(model.manifest), "files": files}
        (work / "manifest.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        work.chmod(0o755)
        _swap(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def load_model(folder: Path) -> Model:
    """The model in `folder`.

    Raises ModelError with the reason if it is missing, altered, made by something else or by a newer version.
    """
    import skops.io  # noqa: PLC0415  two seconds

    manifest = load_manifest(folder)
    _verify(folder, manifest.files)
    try:
        taxonomy = load_taxonomy(folder / "taxonomy")
    except TaxonomyError as error:
        raise ModelError(f"{folder}: its taxonomy cannot be read. {error}") from error
    if taxonomy.fingerprint != manifest.taxonomy_fingerprint:
        raise ModelError(f"{folder}: the taxonomy in it is not the one it was trained on. Retrain.")
    return Model(
        manifest,
        taxonomy,
        skops.io.load(folder / "features.skops", trusted=_allowed(folder / "features.skops")),
        {
            axis: skops.io.load(path, trusted=_allowed(path))
            for axis in manifest.axes
            for path in [folder / f"ranker-{axis}.skops"]
        },
        skops.io.load(folder / "chain.skops", trusted=_allowed(folder / "chain.skops")),
        frozenset((folder / "trained-on.txt").read_text().split()),
        _load_past(folder),
    )


def load_manifest(folder: Path) -> Manifest:
    """The manifest of the model in `folder`. Raises ModelError if there is none that this version understands."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise ModelError(f"{folder}: no model there (manifest.json is missing). Train one: codesuggest train --help.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not the manifest of a codesuggest model.") from error
    if found != FORMAT:
        raise ModelError(
            f"{folder}: model format {found}; this version of codesuggest reads format {FORMAT}. "
            "Update codesuggest, or retrain."
        )
    try:
        content["axes"] = {axis: tuple(codes) for axis, codes in content["axes"].items()}
        return Manifest(**content)
    except (TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{path}: not the manifest of a codesuggest model, or damaged.") from error


def find_model(models_dir: Path, model: str) -> Path:
    """The folder of the model that is asked for by name or path, or else of the one in use.

    The name in use stands in the file `in-use` of the models folder.
    """
    if model:
        return Path(model) if (Path(model) / "manifest.json").is_file() else models_dir / model
    pointer = models_dir / "in-use"
    if not pointer.is_file():
        raise ModelError(
            f"No model is named, and {pointer} does not say which is in use. Name one: --model, or CODESUGGEST_MODEL."
        )
    return models_dir / pointer.read_text(encoding="utf-8").strip()


def _save_past(past: PastIncidents, folder: Path) -> None:
    np.save(folder / "past.npy", past.vectors, allow_pickle=False)
    content = {"least_likeness": past.least_likeness, "ids": past.ids, "codes": past.codes, "sites": past.sites}
    (folder / "past.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _load_past(folder: Path) -> PastIncidents:
    content = json.loads((folder / "past.json").read_text(encoding="utf-8"))
    codes = tuple({axis: tuple(given) for axis, given in row.items()} for row in content["codes"])
    vectors = np.load(folder / "past.npy", allow_pickle=False)
    sites = tuple(content.get("sites", ()))  # a model may be older than they are
    return PastIncidents(tuple(content["ids"]), codes, vectors, content["least_likeness"], sites)


def _verify(folder: Path, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{folder}: {name} is missing. Copy the model again, or retrain.")
        if _sha256(path) != expected:
            raise ModelError(f"{folder}: {name} was altered after training. Copy the model again, or retrain.")
    extra = {str(p.relative_to(folder)) for p in _skops_files(folder)} - set(files)
    if extra or "features.skops" not in files:
        raise ModelError(f"{folder}: the manifest does not vouch for {', '.join(sorted(extra)) or 'its files'}.")


def _skops_files(folder: Path) -> Iterable[Path]:
    return folder.rglob("*.skops")


def _allowed(path: Path) -> list[str]:
    """The types to allow back from a file. Raises ModelError if it holds any that no model of ours does."""
    import skops.io  # noqa: PLC0415

    foreign = set(skops.io.get_untrusted_types(file=path)) - set(_ALLOWED)
    if foreign:
        raise ModelError(f"{path}: holds types that no model of codesuggest does: {', '.join(sorted(foreign))}.")
    return _ALLOWED


def _swap(work: Path, folder: Path) -> None:
    """Put `work` in the place of `folder`; a kill between the two renames leaves the old model beside, whole."""
    old = folder.with_name(f".{folder.name}-old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.rename(folder, old)
    os.rename(work, folder)
    shutil.rmtree(old, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
