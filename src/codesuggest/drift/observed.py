"""What a store says of the months past, as a watch needs it."""

import datetime as dt
from collections.abc import Mapping

from codesuggest.domain import ArrivedIncident, Caller, Confirmation, Taxonomy
from codesuggest.drift.watch import Observed, Watched
from codesuggest.store.database import Session
from codesuggest.store.history import arrived_incidents, confirmations, settled_incidents


def observe(session: Session, caller: Caller, taxonomy: Taxonomy, *, since: dt.date) -> Watched:
    """The caller's incidents and codings from a day on; only codings in this taxonomy count.

    Of an incident's codings the first coder's is looked at, so that one incident is one observation.
    """
    given = [
        row
        for row in confirmations(session, caller)
        if row.position == 1 and row.taxonomy == taxonomy.name and row.confirmed_at.date() >= since
    ]
    settled = [row for row in settled_incidents(session, caller) if row.taxonomy == taxonomy.name]
    days = [(row, row.reported or row.occurred or row.settled_at.date()) for row in settled]
    arrived = tuple(arrived_incidents(session, caller, since=since))
    return Watched(
        overridden=tuple(Observed(_month(row.confirmed_at), _overridden(row)) for row in given if row.shown),
        coded=tuple(Observed(_month(day), dict(row.codes)) for row, day in days if day >= since),
        scores=tuple(Observed(_month(row.day), _scores(row)) for row in arrived if row.first),
        likeness=tuple(Observed(_month(row.day), row.likeness) for row in arrived if row.likeness is not None),
        texts=tuple(Observed(_month(row.day), row.text) for row in arrived),
        models=tuple(sorted({(_month(row.confirmed_at), row.model) for row in given if row.model})),
    )


def _overridden(row: Confirmation) -> Mapping[str, bool]:
    """By axis on which something was shown: whether the first code shown was not taken."""
    return {axis: ranked[0] not in row.codes.get(axis, ()) for axis, ranked in row.shown.items() if ranked}


def _scores(row: ArrivedIncident) -> Mapping[str, float]:
    return {axis: suggestion.score for axis, suggestion in row.first.items()}


def _month(day: dt.date) -> str:
    return day.strftime("%Y-%m")
