"""What a model was trained and measured on, kept so that it can be trained again: named by the hash of its content.

A folder of two files. `incidents.jsonl` is what the name is the hash of: ids, dates, sites, codes, where these come
from, which part an incident is in, and a hash of its redacted text. `texts.jsonl` holds the texts, so that one that is
erased can go without the rest becoming a different snapshot. Both stay beside the models; neither goes into MLflow.
"""

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from codesuggest.domain import RedactedNarrative, RedactedText, TrainingIncident
from codesuggest.errors import ModelError

TRUSTED = ("adjudicated", "agreed", "blind")
"""Sources that gold may be drawn from: nobody was led by a suggestion, or two people settled it."""

_NAME_LENGTH = 16


@dataclass(frozen=True)
class Snapshot:
    """The incidents of one training, ordered by site and reference.

    gold       keys of those that are measured on and never trained on.
    taxonomy   the fingerprint of the taxonomy that the codes are of.
    redactors  what redacted the texts.
    """

    incidents: tuple[TrainingIncident, ...]
    gold: frozenset[tuple[str, str]]
    taxonomy: str
    redactors: tuple[str, ...]

    @classmethod
    def of(
        cls, incidents: Iterable[TrainingIncident], gold: Iterable[TrainingIncident], taxonomy: str, redactors: set[str]
    ) -> "Snapshot":
        """A snapshot in its own order; of two incidents with one key or one text the first is kept, gold first."""
        chosen: dict[tuple[str, str], TrainingIncident] = {}
        texts: set[str] = set()
        gold = list(gold)
        for incident in (*gold, *incidents):
            if incident.key not in chosen and (mark := _mark(incident.text)) not in texts:
                chosen[incident.key] = incident
                texts.add(mark)
        drawn = frozenset(incident.key for incident in gold) & set(chosen)
        ordered = tuple(sorted(chosen.values(), key=lambda incident: incident.key))
        return cls(ordered, drawn, taxonomy, tuple(sorted(redactors)))

    @cached_property
    def name(self) -> str:
        """The first digits of the sha256 of the content."""
        return hashlib.sha256("".join(self._lines()).encode()).hexdigest()[:_NAME_LENGTH]

    @property
    def training(self) -> tuple[TrainingIncident, ...]:
        """The incidents to train on."""
        return tuple(incident for incident in self.incidents if incident.key not in self.gold)

    @property
    def gold_incidents(self) -> tuple[TrainingIncident, ...]:
        """The incidents to measure on."""
        return tuple(incident for incident in self.incidents if incident.key in self.gold)

    def save(self, folder: Path) -> Path:
        """Write the snapshot into `folder/NAME`, whole or not at all; one that is there already stays."""
        place = folder / self.name
        if place.exists():
            return place
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{self.name}-", dir=folder))
        try:
            (work / "incidents.jsonl").write_text("".join(self._lines()), encoding="utf-8")
            _write_texts(work / "texts.jsonl", {_sha256(incident.text): incident.text for incident in self.incidents})
            os.rename(work, place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return place

    @classmethod
    def load(cls, folder: Path, name: str) -> "Snapshot":
        """The snapshot of that name. Raises ModelError if it is missing, altered, or if texts of it were erased."""
        place = folder / name
        if not (place / "incidents.jsonl").is_file():
            raise ModelError(f"{place}: no snapshot there, so the model cannot be trained again from it.")
        content = (place / "incidents.jsonl").read_bytes()
        if hashlib.sha256(content).hexdigest()[:_NAME_LENGTH] != name:
            raise ModelError(f"{place}: incidents.jsonl was altered after it was written.")
        texts = _read_texts(place / "texts.jsonl")
        head, *rows = _rows(place)
        gone = sum(row["text"] not in texts for row in rows)
        if gone:
            raise ModelError(
                f"{place}: {gone:,} of {len(rows):,} narratives were erased or changed since, so the model cannot be "
                "trained again as it was. Retrain."
            )
        gold = frozenset((row["site"], row["id"]) for row in rows if row["is_gold"])
        return cls(tuple(_incident(row, texts) for row in rows), gold, head["taxonomy"], tuple(head["redactors"]))

    def _lines(self) -> Iterator[str]:
        yield _line({"taxonomy": self.taxonomy, "redactors": self.redactors})
        for one in self.incidents:
            yield _line(
                {
                    "id": one.reference,
                    "site": one.site,
                    "reported": one.reported.isoformat() if one.reported else None,
                    "text": _sha256(one.text),
                    "codes": {axis: list(codes) for axis, codes in one.codes.items()},
                    "source": one.source,
                    "accepted": list(one.accepted),
                    "is_gold": one.key in self.gold,
                    "incident": one.incident,
                }
            )


def counts_of(incidents: Sequence[TrainingIncident]) -> dict[str, dict[str, int]]:
    """By axis and code, how many incidents have it."""
    axes = dict.fromkeys(axis for incident in incidents for axis in incident.codes)
    return {
        axis: dict(Counter(code for incident in incidents for code in incident.codes.get(axis, ())).most_common())
        for axis in axes
    }


def sources_of(incidents: Sequence[TrainingIncident]) -> dict[str, int]:
    """By source, how many incidents."""
    return dict(Counter(incident.source for incident in incidents).most_common())


def accepted_share(incidents: Sequence[TrainingIncident]) -> float:
    """The share of labels, one an incident and axis with a code, that are a suggestion that was accepted."""
    labels = [(incident, axis) for incident in incidents for axis, codes in incident.codes.items() if codes]
    return sum(axis in incident.accepted for incident, axis in labels) / len(labels) if labels else 0.0


def narrative_of(incident: TrainingIncident) -> RedactedNarrative:
    """The incident as training and evaluation read it."""
    return RedactedNarrative(incident.reference, incident.text, incident.codes)


def forget(folder: Path, erased: Collection[int], current: Mapping[tuple[str, str], str]) -> int:
    """Take out of all snapshots in the folder the narratives of incidents that were erased, or that read otherwise now.

    erased, current  ids of erased incidents, and narratives by site and reference, as the store has them; of an
                     incident that is in neither nothing is known, and it stays.
    Returns how many went. A snapshot that lost one cannot be trained from any more, and says so.
    """
    gone = 0
    for place in sorted(folder.glob("[!.]*")):
        texts = _read_texts(place / "texts.jsonl")
        _, *rows = _rows(place)
        lost = {row["text"] for row in rows if _is_gone(row, erased, current)} & set(texts)
        if lost:
            gone += len(lost)
            _write_texts(place / "texts.jsonl", {mark: text for mark, text in texts.items() if mark not in lost})
    return gone


def _is_gone(row: Mapping[str, Any], erased: Collection[int], current: Mapping[tuple[str, str], str]) -> bool:
    if row["incident"] is None:
        return False
    text = current.get((row["site"], row["id"]))
    return row["incident"] in erased or (text is not None and _sha256(text) != row["text"])


def _rows(place: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place / "incidents.jsonl").read_text(encoding="utf-8").splitlines()]


def _incident(row: Mapping[str, Any], texts: Mapping[str, RedactedText]) -> TrainingIncident:
    return TrainingIncident(
        reference=row["id"],
        site=row["site"],
        reported=dt.date.fromisoformat(row["reported"]) if row["reported"] else None,
        text=texts[row["text"]],
        codes={axis: tuple(given) for axis, given in row["codes"].items()},
        source=row["source"],
        accepted=tuple(row["accepted"]),
        incident=row["incident"],
    )


def _read_texts(path: Path) -> dict[str, RedactedText]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {_sha256(text): RedactedText(text) for text in map(json.loads, lines)}


def _write_texts(path: Path, texts: Mapping[str, RedactedText]) -> None:
    beside = path.with_name(f".{path.name}")
    beside.write_text("".join(_line(texts[mark]) for mark in sorted(texts)), encoding="utf-8")
    beside.chmod(0o600)
    os.replace(beside, path)


def _line(content: object) -> str:
    return json.dumps(content, ensure_ascii=True, sort_keys=True) + "\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _mark(text: str) -> str:
    """The same for texts that differ in letter case or spacing only: one of them is not measured on the other."""
    return _sha256(" ".join(text.casefold().split()))
