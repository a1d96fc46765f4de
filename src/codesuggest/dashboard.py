"""A department's own figures: how the coding goes, how far suggestions are taken, and what is coded when and where."""

import datetime as dt
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from codesuggest.audit import agreement_of
from codesuggest.domain import Caller, Confirmation, SettledIncident, Taxonomy
from codesuggest.drift import Drift, observe, watch
from codesuggest.metrics import Estimate, wilson_low
from codesuggest.report.document import sentence
from codesuggest.report.drifting import said
from codesuggest.store.database import Session
from codesuggest.store.history import confirmations, first_suggested, settled_incidents
from codesuggest.store.incidents import counts_by_state
from codesuggest.store.log import months_ago

_Z = 1.96


def dashboard(session: Session, caller: Caller, taxonomy: Taxonomy, *, months: int = 12) -> dict[str, Any]:
    """All figures of the caller's sites over the last months; every share with a 95% Wilson interval.

    Only codings in this taxonomy count, except for throughput: those in another are not comparable.

    acceptance  by axis: how often the first code shown was taken, on incidents coded with suggestions.
    accuracy    by axis: how often the first suggestion was among the coder's codes, blind and assisted; the blind
                figure is the one to quote.
    agreement   by axis: of two coders who had not seen each other's codes.
    drift       what changed in these months that chance does not explain, in words, and the overrides by month.
    """
    since = months_ago(months)
    recent = [row for row in confirmations(session, caller, with_superseded=True) if row.confirmed_at >= since]
    rows = [row for row in recent if row.taxonomy == taxonomy.name]
    first = [row for row in rows if row.is_blind or not row.is_superseded]
    standing = [row for row in rows if not row.is_superseded]
    settled = [
        row for row in settled_incidents(session, caller) if _day(row) >= since.date() and row.taxonomy == taxonomy.name
    ]
    suggested = first_suggested(session, {row.incident_id for row in first})
    return {
        "months": months,
        "counts": counts_by_state(session, caller),
        "throughput": _throughput([row for row in recent if row.is_blind or not row.is_superseded]),
        "acceptance": {axis: _acceptance(standing, axis) for axis in taxonomy.axis},
        "accuracy": {axis: _accuracy(first, suggested, axis) for axis in taxonomy.axis},
        "at_first_suggestion": _at_first(standing),
        "agreement": _agreement(rows, taxonomy),
        "codes": {axis: _trend(settled, axis, taxonomy) for axis in taxonomy.axis},
        "drift": _drift(watch(observe(session, caller, taxonomy, since=since.date()), taxonomy), taxonomy),
    }


def share(n: int, of: int) -> dict[str, Any]:
    """A share with its 95% Wilson interval; no figures where there is nothing to share."""
    if of == 0:
        return {"n": 0, "of": 0, "value": None, "low": None, "high": None}
    low, high = wilson_low(n, of, _Z), 1 - wilson_low(of - n, of, _Z)
    return {"n": n, "of": of, "value": round(n / of, 4), "low": round(low, 4), "high": round(high, 4)}


def _drift(drift: Drift, taxonomy: Taxonomy) -> dict[str, Any]:
    overrides = drift.signals["overrides"].counts
    return {
        "alarms": [
            {
                "words": sentence(said(alarm, taxonomy)),
                "signal": alarm.signal,
                "axis": alarm.axis,
                "what": alarm.what,
                "since": alarm.since,
                "before": share(alarm.n_before, alarm.of_before),
                "after": share(alarm.n_since, alarm.of_since),
            }
            for alarm in drift.alarms
        ],
        "overridden_by_month": {
            axis: {month: share(*counted) for month, counted in zip(drift.months, counts, strict=True) if counted[1]}
            for (axis, _), counts in overrides.items()
        },
    }


def _throughput(rows: Sequence[Confirmation]) -> dict[str, Any]:
    """Confirmations by week, and the median time on the screen, blind and assisted, in seconds."""
    weeks = Counter(
        (row.confirmed_at.date() - dt.timedelta(days=row.confirmed_at.weekday())).isoformat() for row in rows
    )
    times = {
        name: [row.time_on_screen_ms / 1000 for row in rows if row.is_blind is is_blind and row.time_on_screen_ms]
        for name, is_blind in (("blind", True), ("assisted", False))
    }
    medians = {name: round(statistics.median(given), 1) if given else None for name, given in times.items()}
    return {"by_week": dict(sorted(weeks.items())), "median_s": medians, "n": len(rows)}


def _acceptance(rows: Iterable[Confirmation], axis: str) -> dict[str, Any]:
    shown = [row for row in rows if row.shown.get(axis)]
    taken = sum(row.shown[axis][0] in row.codes.get(axis, ()) for row in shown)
    return {"accepted": share(taken, len(shown)), "overridden": share(len(shown) - taken, len(shown))}


def _accuracy(rows: Iterable[Confirmation], suggested: Mapping[int, Mapping[str, str]], axis: str) -> dict[str, Any]:
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows:
        code = suggested.get(row.incident_id, {}).get(axis)
        if code is not None and row.codes.get(axis):
            hits[row.is_blind].append(code in row.codes[axis])
    return {name: share(sum(hits[key]), len(hits[key])) for name, key in (("blind", True), ("assisted", False))}


def _at_first(rows: Iterable[Confirmation]) -> dict[str, Any]:
    """The incidents coded with suggestions in which every axis's first suggestion was taken."""
    shown = [row for row in rows if row.shown]
    whole = sum(
        all(
            ranked[0] in row.codes.get(axis, ()) for axis, ranked in row.shown.items() if ranked and row.codes.get(axis)
        )
        for row in shown
    )
    return share(whole, len(shown))


def _agreement(rows: Iterable[Confirmation], taxonomy: Taxonomy) -> dict[str, Any]:
    """By axis, what two coders gave first, before either corrected anything."""
    pairs: dict[int, dict[int, Confirmation]] = defaultdict(dict)
    for row in rows:
        pairs[row.incident_id].setdefault(row.position, row)
    both = [(pair[1], pair[2]) for pair in pairs.values() if len(pair) == 2]
    if not both:
        return {}
    first, second = ({str(pair[n].incident_id): pair[n].codes for pair in both} for n in (0, 1))
    return {
        axis: {
            "n": found.n,
            "statistic": "alpha (MASI)" if taxonomy.axis[axis].many else "kappa",
            "likeness": _shown(found.likeness),
            "chance_corrected": _shown(found.chance_corrected),
            "says_little": found.says_little,
        }
        for axis, found in agreement_of(first, second, taxonomy).items()
    }


def _shown(estimate: Estimate) -> dict[str, float | None]:
    """A figure with its interval; none where the statistic is not defined. Adding 0 makes -0.0 plain nought."""
    return {name: None if math.isnan(figure) else round(figure, 4) + 0.0 for name, figure in asdict(estimate).items()}


def _trend(settled: Sequence[SettledIncident], axis: str, taxonomy: Taxonomy) -> dict[str, Any]:
    """How often each code was given, by month, by site and by modality performed; codes never given are left out."""
    modality = next((axis.key for axis in reversed(taxonomy.axes) if axis.key.endswith("modality")), "")
    tables: dict[str, dict[str, Counter[str]]] = {
        name: defaultdict(Counter) for name in ("by_month", "by_site", "by_modality")
    }
    for row in settled:
        for code in row.codes.get(axis, ()):
            tables["by_month"][code][_day(row).strftime("%Y-%m")] += 1
            tables["by_site"][code][row.site] += 1
            tables["by_modality"][code].update(row.codes.get(modality, ()))
    return {
        name: {code: dict(sorted(counts.items())) for code, counts in table.items()} for name, table in tables.items()
    }


def _day(row: SettledIncident) -> dt.date:
    return row.reported or row.occurred or row.settled_at.date()
