"""A department's own codes over time and by place, and beside a national table of code counts."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from codesuggest.domain import Codes, RedactedNarrative, Taxonomy
from codesuggest.errors import CodingStringError, ReadError
from codesuggest.metrics import Estimate, wilson
from codesuggest.read import Columns
from codesuggest.read.formats import open_rows
from codesuggest.taxonomy import write_coding_string

Counts = Mapping[str, Counter[str]]
"""Axis to how often each of its codes was given."""


@dataclass(frozen=True, slots=True)
class CodedIncident:
    """An incident's codes and what else is known of it, such as `site` or `month`."""

    id: str
    codes: Codes
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BesideNational:
    """One code's share of all codes given on its axis, here and nationally.

    difference  here less national, by Newcombe's score method.
    p_value     two-sided, of Fisher's exact test, corrected for the many codes of all axes.
    """

    axis: str
    code: str
    n: int
    of: int
    national_n: int
    national_of: int
    difference: Estimate
    p_value: float


def count_codes(incidents: Iterable[CodedIncident]) -> dict[str, Counter[str]]:
    """How often each code was given."""
    counts: dict[str, Counter[str]] = {}
    for incident in incidents:
        for axis, codes in incident.codes.items():
            counts.setdefault(axis, Counter()).update(codes)
    return counts


def groups(incidents: Iterable[CodedIncident], by: str) -> dict[str, list[CodedIncident]]:
    """Incidents by what a detail says, or by their code on an axis; those that do not say are left out."""
    found: dict[str, list[CodedIncident]] = {}
    for incident in incidents:
        for name in incident.codes.get(by, ()) or [incident.details.get(by, "")]:
            if name:
                found.setdefault(name, []).append(incident)
    return dict(sorted(found.items()))


def read_national(path: Path, taxonomy: Taxonomy, *, period: str = "") -> dict[str, Counter[str]]:
    """A national table of code counts: columns axis, code, count, and period if there are several.

    period  only these rows; empty: all of them.
    Raises ReadError naming the row that cannot be read, or if no row is left.
    """
    counts: dict[str, Counter[str]] = {}
    for number, row in open_rows(path, Columns(), 100):
        if isinstance(row, str):
            raise ReadError(f"{path}, row {number}: {row}.")
        if missing := {"axis", "code", "count"} - set(row):
            raise ReadError(f"{path}: no column '{sorted(missing)[0]}'. Expected axis, code, count, period.")
        axis, code, count = (str(row[name]).strip().replace(",", "") for name in ("axis", "code", "count"))
        if period and str(row.get("period", "")).strip() != period:
            continue
        spelled = taxonomy.spelling(axis, code) if axis in taxonomy.axis else None
        if spelled is None or not count.isdigit():
            wrong = f"'{code}' is no code of axis '{axis}'" if spelled is None else "'count' is no number"
            raise ReadError(f"{path}, row {number}: {wrong}. Mend the row, or name the taxonomy: --taxonomy.")
        counts.setdefault(axis, Counter())[spelled] += int(count)
    if not counts:
        raise ReadError(f"{path}: no row{f' of period {period}' if period else ''}.")
    return counts


def beside_national(local: Counts, national: Counts) -> tuple[BesideNational, ...]:
    """Every code of the axes that both have, the surest differences first.

    Sources: Newcombe (1998), Statistics in Medicine 17(8), 873-890, method 10; Benjamini and Hochberg (1995), Journal
    of the Royal Statistical Society B 57(1), 289-300.
    """
    rows = [
        (axis, code, local[axis][code], local[axis].total(), national[axis][code], national[axis].total())
        for axis in local
        if axis in national
        for code in sorted(set(local[axis]) | set(national[axis]))
    ]
    raw = [float(stats.fisher_exact(np.array([[n, of - n], [m, all_ - m]]))[1]) for _, _, n, of, m, all_ in rows]
    corrected = stats.false_discovery_control(raw).tolist() if raw else []
    found = [
        BesideNational(*row, newcombe(row[2], row[3], row[4], row[5]), p)
        for row, p in zip(rows, corrected, strict=True)
    ]
    return tuple(sorted(found, key=lambda row: (row.p_value, -abs(row.difference.value))))


def newcombe(n: int, of: int, m: int, of_m: int) -> Estimate:
    """The difference of two shares, n in `of` less m in `of_m`, with its 95% interval by Newcombe's method 10."""
    first, second = wilson(n, of), wilson(m, of_m)
    value = first.value - second.value
    low = math.hypot(first.value - first.low, second.high - second.value)
    high = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - low, value + high)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An incident that is not sent: the kind of reason, to count them by, and the reason with what to do."""

    id: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Submission:
    """An anonymised file for the national body: its rows, and what was held back with the reason."""

    rows: tuple[tuple[str, str, str, str, str], ...]
    held_back: tuple[HeldBack, ...]

    @property
    def n_held_back(self) -> dict[str, int]:
        """How many were held back for each kind of reason, the commonest first."""
        return dict(Counter(held.kind for held in self.held_back).most_common())


SUBMISSION_COLUMNS = ("local_id", "date_occurred", "date_reported", "description", "coding")


def submission(
    narratives: Sequence[RedactedNarrative],
    dates: Mapping[str, tuple[str, str]],
    leaks: Mapping[str, str],
    taxonomy: Taxonomy,
    *,
    rare: int = 5,
) -> Submission:
    """The rows that may be sent.

    dates  incident to the dates on which it occurred and was reported.
    leaks  incident to the kind of personal data that a second look found in its redacted text: held back.
    rare   incidents with a code that fewer than so many of those sent have are held back: they could be recognised.
           0: none.
    """
    codings = {n.id: _coding(n.existing_codes, taxonomy) for n in narratives}
    held = {n.id: found for n in narratives if (found := _unfit(n.id, leaks, codings[n.id]))}
    # each one held back makes its other codes rarer among those sent: until nothing more falls under the count
    while few := _with_few([n for n in narratives if n.id not in held], rare):
        held |= few
    sent = [n for n in narratives if n.id not in held]
    rows = [(n.id, *dates.get(n.id, ("", "")), str(n.text), codings[n.id]) for n in sent]
    return Submission(tuple(rows), tuple(held[n.id] for n in narratives if n.id in held))


def _unfit(id: str, leaks: Mapping[str, str], coding: str) -> HeldBack | None:
    if id in leaks:
        return HeldBack(id, "personal data", f"{leaks[id]} may still stand in the description; redact it by hand")
    return None if coding else HeldBack(id, "incomplete coding", "its codes make no coding string; complete them")


def _with_few(narratives: Sequence[RedactedNarrative], rare: int) -> dict[str, HeldBack]:
    """Those with a code that fewer than `rare` of the narratives have."""
    counts = count_codes(CodedIncident(n.id, n.existing_codes, {}) for n in narratives)
    found = {}
    for n in narratives:
        few = [c for axis, codes in n.existing_codes.items() for c in codes if counts[axis][c] < rare]
        if few:
            reason = f"fewer than {rare} of the incidents to send have {few[0]}; it could be recognised"
            found[n.id] = HeldBack(n.id, "rare code", reason)
    return found


def _coding(codes: Codes, taxonomy: Taxonomy) -> str:
    try:
        return write_coding_string(codes, taxonomy)
    except CodingStringError:
        return ""
