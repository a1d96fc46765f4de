"""What there is to learn from: the store's confirmations and imported codes, as one snapshot."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codesuggest.domain import Codes, Narrative, RedactedNarrative, Taxonomy, TrainingIncident
from codesuggest.errors import RecipeError
from codesuggest.retrain.recipe import RetrainRecipe
from codesuggest.snapshot import TRUSTED, Snapshot
from codesuggest.store.database import Database
from codesuggest.store.learning import Learnt, incidents_to_learn_from
from codesuggest.train import date_of, read_coded

_SETTLED = "settled elsewhere"
"""The source of gold that comes from a file."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A snapshot, and what is not in it.

    left_out      by reason, how many incidents.
    double_coded  the two codings of each incident that two coders coded independently.
    """

    snapshot: Snapshot
    left_out: Mapping[str, int]
    double_coded: tuple[tuple[Codes, Codes], ...]


def collect(
    recipe: RetrainRecipe, taxonomy: Taxonomy, database: Database | None, *, show_progress: bool = False
) -> Collected:
    """Everything that training may learn from or be measured on.

    Raises RecipeError if there is nothing; ReadError, UnknownCodeError or RedactionError from the recipe's files.
    """
    learnt = _stored(database, taxonomy)
    left_out = Counter(learnt.left_out)
    stored = [_spelled(one, taxonomy, left_out) for one in learnt.incidents]
    imported, by = _from_files(recipe, recipe.data.files, "from a file", taxonomy, show_progress=show_progress)
    settled, by_other = _from_files(recipe, recipe.gold.files, _SETTLED, taxonomy, show_progress=show_progress)
    gold = [*settled, *(one for one in stored if _is_drawn(one, recipe.gold.share))]
    redactors = {*learnt.redactors, *by, *by_other}
    snapshot = Snapshot.of([*stored, *imported], gold, taxonomy.fingerprint, redactors)
    if not snapshot.incidents:
        raise RecipeError("Nothing to learn from: no confirmation in the store, and data.files names no file.")
    left_out["repeated"] = len(stored) + len(imported) + len(settled) - len(snapshot.incidents)
    return Collected(snapshot, {why: n for why, n in left_out.items() if n}, learnt.double_coded)


def _stored(database: Database | None, taxonomy: Taxonomy) -> Learnt:
    if database is None:
        return Learnt((), {}, (), ())
    with database.reading() as session:
        return incidents_to_learn_from(session, taxonomy.name)


def _spelled(incident: TrainingIncident, taxonomy: Taxonomy, left_out: Counter[str]) -> TrainingIncident:
    """The incident with every axis of the taxonomy, its codes in the taxonomy's spelling; unknown ones are dropped."""
    codes: dict[str, tuple[str, ...]] = {}
    for axis in taxonomy.axis:
        given = incident.codes.get(axis, ())
        known = [taxonomy.spelling(axis, code) for code in given]
        left_out["codes that the taxonomy does not have"] += known.count(None)
        codes[axis] = tuple(dict.fromkeys(code for code in known if code))
    return replace(incident, codes=codes)


def _from_files(
    recipe: RetrainRecipe, files: tuple[Path, ...], source: str, taxonomy: Taxonomy, *, show_progress: bool
) -> tuple[list[TrainingIncident], set[str]]:
    if not files:
        return [], set()
    reading = recipe.model_copy(update={"data": recipe.data.model_copy(update={"files": files})})
    coded = read_coded(reading, taxonomy, show_progress=show_progress)
    rows = zip(coded.narratives, coded.details, strict=True)
    return [_incident(narrative, row, source) for narrative, row in rows], {coded.redactor}


def _incident(narrative: RedactedNarrative, row: Narrative, source: str) -> TrainingIncident:
    sites = [value.strip() for name, value in row.details.items() if name.strip().casefold() == "site"]
    return TrainingIncident(
        reference=narrative.id,
        site=sites[-1] if sites else "",
        reported=date_of(row.details),
        text=narrative.text,
        codes=narrative.existing_codes,
        source=source,
    )


def _is_drawn(incident: TrainingIncident, share: float) -> bool:
    """Whether an incident is gold: by its reference, so that one drawn once is never trained on."""
    if incident.source not in TRUSTED:
        return False
    drawn = hashlib.sha256(f"gold/{incident.site}/{incident.reference}".encode()).digest()
    return int.from_bytes(drawn[:8]) / 2**64 < share
