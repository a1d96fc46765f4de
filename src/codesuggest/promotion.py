"""Which model is in use, and how that changes: past the gate, by a named person's word, or back.

The file `in-use` is the whole truth, and is replaced in one step; a kill at any point leaves the old model in use or
the new one, whole. What changed it, and why, is written down first: a record without effect is possible, an effect
without a record is not.
"""

import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from codesuggest.errors import GateError, ModelError
from codesuggest.registry import Manifest, load_manifest

Kind = Literal["promoted", "forced", "rolled back"]

_WRITTEN_WITHIN_S = 600
"""A model or a snapshot that is not renamed into place after so long will never be: who wrote it was killed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the model in use.

    by, reason  whose word it was, and why; of a promotion past the gate, the gate's reasons.
    """

    at: str
    kind: Kind
    model: str
    instead_of: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models folder, and what stands in it beside the models."""

    folder: Path

    @property
    def snapshots(self) -> Path:
        """What models were trained on, one folder a snapshot."""
        return self.folder / "snapshots"

    @property
    def vectors(self) -> Path:
        """The embeddings of the last snapshot, one file an embedder."""
        return self.folder / "vectors"

    @property
    def in_use(self) -> str:
        """The name of the model in use; empty if none is."""
        pointer = self.folder / "in-use"
        name = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else ""
        return name if name and (self.folder / name / "manifest.json").is_file() else ""

    def decision_file(self, model: str) -> Path:
        """Where the gate's decision on a model is kept."""
        return self.folder / "decisions" / f"{model}.json"

    def card_file(self, model: str) -> Path:
        """Where a model's card is kept."""
        return self.folder / "cards" / f"{model}.md"

    def decision(self, model: str) -> dict[str, Any] | None:
        """The gate's decision on a model, as it is stored; None if there is none."""
        file = self.decision_file(model)
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def write_decision(self, model: str, content: Mapping[str, object]) -> None:
        """Store the gate's decision on a model."""
        write_whole(
            self.decision_file(model), json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        )

    def note_report(self, model: str, *names: str) -> None:
        """Keep with the gate's decision on a model what reports about it its MLflow run holds."""
        decision = self.decision(model) or {}
        self.write_decision(model, {**decision, "reports": [*decision.get("reports", ()), *names]})

    def reported(self) -> dict[str, dict[str, Any]]:
        """Model to the gate's decision on it, of the models whose MLflow run holds reports, the newest first."""
        found = {path.stem: self.decision(path.stem) or {} for path in (self.folder / "decisions").glob("*.json")}
        ordered = sorted(found.items(), key=lambda item: str(item[1].get("made", "")), reverse=True)
        return {model: decision for model, decision in ordered if decision.get("reports")}

    def manifests(self) -> list[Manifest]:
        """Every model that is there, the oldest first."""
        found = [load_manifest(path.parent) for path in self.folder.glob("[!.]*/manifest.json")]
        return sorted(found, key=lambda manifest: manifest.created)

    def changes(self) -> list[Change]:
        """Every change of the model in use that was begun, the oldest first."""
        lines = self._changes.read_text(encoding="utf-8").splitlines() if self._changes.is_file() else []
        return [Change(**json.loads(line)) for line in lines]

    def free_name(self, name: str) -> str:
        """The name, or the first of `name-2`, `name-3` and so on that no model has."""
        names = (name if n == 1 else f"{name}-{n}" for n in range(1, 10_000))
        return next(free for free in names if not (self.folder / free).exists())

    def forget_vectors(self) -> None:
        """Remove the embeddings, of which none is an erased narrative's then; the next retraining makes them again."""
        shutil.rmtree(self.vectors, ignore_errors=True)

    def clear_half_written(self) -> None:
        """Remove the folders that a killed training was writing, which may hold words of narratives."""
        long_ago = time.time() - _WRITTEN_WITHIN_S
        for place in (self.folder, self.snapshots):
            for path in place.glob(".*-*"):
                if path.is_dir() and not path.name.endswith("-old") and path.stat().st_mtime < long_ago:
                    shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps others from training and promoting here meanwhile; a kill lets go."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / ".lock", timeout=0):
                yield
        except Timeout as error:
            raise ModelError(f"{self.folder}: somebody else is training or promoting. Wait, and repeat.") from error

    def put_in_use(self, change: Change) -> None:
        """Make a change, written down first. Raises ModelError if the model is not there."""
        if not (self.folder / change.model / "manifest.json").is_file():
            raise ModelError(
                f"{self.folder / change.model}: no model there. `codesuggest models list` shows which are."
            )
        self._changes.parent.mkdir(parents=True, exist_ok=True)
        with self._changes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(change), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        write_whole(self.folder / "in-use", f"{change.model}\n")

    @property
    def _changes(self) -> Path:
        return self.folder / "decisions" / "changes.jsonl"


def promote(shelf: Shelf, model: str, *, by: str = "", reason: str = "", is_forced: bool = False) -> Change:
    """Put a model in use in place of the champion.

    Raises GateError if the gate did not let it by, or decided against another champion, unless it is forced, which
    takes a named person and a reason; ModelError if it is not there.
    """
    champion = shelf.in_use
    if model == champion:
        raise GateError(f"{model} is in use already.")
    decision = shelf.decision(model)
    if is_forced:
        if not (by.strip() and reason.strip()):
            raise GateError("A forced promotion needs a person and a reason: --by NAME --reason WORDS.")
        return _changed(shelf, "forced", model, by=by, reason=reason)
    if decision is None:
        raise GateError(f"{model}: the gate has not seen it. Compare it: codesuggest models compare {model} --keep.")
    if decision["champion"] != champion:
        raise GateError(
            f"{model} was compared with {decision['champion'] or 'none'}, but {champion or 'none'} is in use now. "
            f"Compare it again: codesuggest models compare {model} --keep."
        )
    if not decision["is_promotable"]:
        raise GateError(f"{model} may not replace {champion or 'none'}. " + " ".join(decision["reasons"]))
    return _changed(shelf, "promoted", model, by=by, reason=reason or " ".join(decision["reasons"]))


def roll_back(shelf: Shelf, *, by: str = "", reason: str = "") -> Change:
    """Put back the model that the one in use replaced. Raises GateError if there is none to go back to."""
    current = shelf.in_use
    to_it = [change for change in shelf.changes() if change.model == current and change.kind != "rolled back"]
    if not to_it or not to_it[-1].instead_of:
        raise GateError(f"{current or 'No model'}: nothing is recorded that it replaced. Promote one by name instead.")
    return _changed(shelf, "rolled back", to_it[-1].instead_of, by=by, reason=reason)


def write_whole(path: Path, content: str) -> None:
    """Write a file whole or not at all, in the place of one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _changed(shelf: Shelf, kind: Kind, model: str, *, by: str, reason: str) -> Change:
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    change = Change(at, kind, model, shelf.in_use, by.strip(), reason.strip())
    shelf.put_in_use(change)
    return change
