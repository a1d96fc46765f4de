"""An audit as a report for whoever answers for the coding."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from codesuggest.agreement import Agreement
from codesuggest.audit.assistance import Contrast
from codesuggest.audit.differences import NOTHING, Confusions
from codesuggest.audit.whole import Audit, AxisAudit
from codesuggest.domain import Taxonomy
from codesuggest.metrics import Estimate
from codesuggest.report.document import (
    NONE,
    Block,
    Cell,
    Chart,
    Count,
    Document,
    Figure,
    Kind,
    Number,
    Points,
    Section,
    Share,
    Style,
    Table,
    Words,
)

_MOST_PAIRS = 20
_MOST_CODES = 14
_HEAD = ("incidents", "same codes", "kappa", "AC1", "alpha", "alpha, near codes", "alpha, by tree")


def audit_document(audit: Audit, *, made: str, are_named: bool = True) -> Document:
    """The report of an audit. Coders are numbered, the most active first, unless `are_named`."""
    names = _names(audit) if not are_named else {}
    axes = audit.axes
    sections = [
        Section("Agreement on each axis", tuple(_by_axis(audit))),
        Section("Which codes are taken for which", tuple(_confusions(audit))),
        Section("Sites", tuple(_parts(audit, "site", lambda axis: axis.agreement.sites))),
        Section("Months", tuple(_parts(audit, "month", lambda axis: axis.agreement.months, Kind.lines))),
        Section("Each coder against the others", tuple(_coders(audit, names)), is_internal=True),
        Section("Two coders at a time", tuple(_pairs(audit, names)), is_internal=True),
        Section("Codes given more or less often than others give them", tuple(_habits(audit, names)), is_internal=True),
        Section("Coders who have changed", tuple(_drifts(audit, names)), is_internal=True),
        *([Section("The model as one more coder", tuple(_model(audit)))] if audit.model else []),
        Section("What showing suggestions does", tuple(_assistance(audit))),
        Section("Method and limits", tuple(_method())),
    ]
    facts: list[tuple[str, Cell]] = [
        ("Taxonomy", audit.taxonomy.name),
        ("Incidents", Count(audit.n_incidents)),
        ("Coded by two or more", Count(max(axis.agreement.overall.n_incidents for axis in axes.values()))),
        ("Coders", Count(audit.n_coders)),
        ("Decisions, one an axis", Count(audit.n_decisions)),
        ("Rows left out, unreadable", Count(audit.n_skipped)),
        ("Replaced by a later one", Count(audit.n_replaced)),
    ]
    return Document("Consistency of coding", made, tuple(facts), _verdict(audit), tuple(sections))


def strength(value: float) -> str:
    """What an agreement beyond chance allows, in words. Source: Krippendorff (2018), Content Analysis, chapter 12."""
    if np.isnan(value):
        return "cannot be judged: one code was used throughout"
    if value >= 0.8:
        return "is good enough to rely on one coder"
    if value >= 0.667:
        return "allows tentative conclusions from one coder"
    return "is too low to rely on one coder"


def _verdict(audit: Audit) -> Words:
    found = [(key, axis) for key, axis in audit.axes.items() if axis.agreement.overall.n_pairs]
    found.sort(key=lambda item: -np.nan_to_num(item[1].agreement.beyond_chance.value))
    (best, first), (worst, last) = found[0], found[-1]
    words: list[Cell] = [
        f"Beyond chance, coders agree best on {_axis_label(audit, best)}, ",
        Figure(first.agreement.beyond_chance),
        f", and least on {_axis_label(audit, worst)}, ",
        Figure(last.agreement.beyond_chance),
        f", which {strength(last.agreement.beyond_chance.value)}. ",
    ]
    if floors := [axis for _, axis in found if axis.agreement.floor is not None]:
        missed = [_axis_label(audit, key) for key, axis in found if _is_missed(axis)]
        words.append(f"Of {len(floors)} axes with a floor in the protocol, ")
        words.append(
            f"{', '.join(missed)} {'misses' if len(missed) == 1 else 'miss'} it. " if missed else "all reach it. "
        )
    rules = [(axis.confusions.pairs[0], key) for key, axis in found if axis.confusions.pairs]
    if rules:
        pair, key = max(rules, key=lambda rule: rule[0].n)
        words += [f"The commonest difference is {_pair(pair.codes)} on {_axis_label(audit, key)}: "]
        words += [Share(pair.n, audit.axes[key].confusions.n_differences), " of the differences there."]
    return tuple(words)


def _is_missed(axis: AxisAudit) -> bool:
    return axis.agreement.floor is not None and not axis.agreement.beyond_chance.value >= axis.agreement.floor


def _by_axis(audit: Audit) -> Iterator[Block]:
    rows = []
    for key, axis in audit.axes.items():
        floor = axis.agreement.floor
        met: Cell = NONE if floor is None else f"{floor:.2f} {'missed' if _is_missed(axis) else 'met'}"
        rows.append((_axis_label(audit, key), *_cells(axis.agreement.overall), met))
    yield Table(
        "Agreement of all coders, by axis",
        ("axis", *_HEAD, "floor"),
        tuple(rows),
        counted=1,
        chart=Chart(Kind.intervals, (5,), 0.8, 0, 1),
        note="Dots: Krippendorff's alpha with its 95% interval; dashed: 0.8, from which on one coder may be relied on.",
    ).trimmed
    yield Points(tuple(_in_words(audit, key, axis) for key, axis in audit.axes.items()))


def _in_words(audit: Audit, key: str, axis: AxisAudit) -> Words:
    of, overall = axis.agreement, axis.agreement.overall
    if not overall.n_pairs:
        return (f"{_axis_label(audit, key)}: no incident was coded by two.",)
    return (
        f"{_axis_label(audit, key)}: two coders give exactly the same codes ",
        Figure(overall.percent, Style.share),
        " of the time; beyond chance ",
        Figure(of.beyond_chance),
        f", which {strength(of.beyond_chance.value)}.",
    )


def _confusions(audit: Audit) -> Iterator[Block]:
    yield (
        "Where two coders differ, what one gave stands beside what the other gave. A rule in the "
        "guidelines settles most for the first pairs of a table.",
    )
    for key, axis in audit.axes.items():
        found = axis.confusions
        if not found.pairs:
            yield (f"{_axis_label(audit, key)}: coders never differed.",)
            continue
        yield _rules(audit, key, found)
        if len(codes := _common(found)) > 2:
            yield _matrix(audit, key, found, codes)


def _rules(audit: Audit, key: str, found: Confusions) -> Table:
    rows: list[tuple[Cell, ...]] = []
    settled = 0.0
    for pair in found.pairs[:8]:
        settled += pair.n
        both = tuple(_coded(audit.taxonomy, key, code) for code in pair.codes)
        rows.append(
            (*both, Count(round(pair.n, 1)), Share(settled, found.n_differences), Number(pair.of_uses, Style.share))
        )
    return Table(
        f"{_axis_label(audit, key)}: pairs worth a rule, of {len(found.pairs)}",
        ("one code", "the other", "differences", "settled so far", "exchanged in"),
        tuple(rows),
        counted=2,
        note="Settled so far: share of all differences on the axis, down to here. Exchanged in: share of the incidents "
        "on which anybody gave either code.",
    )


def _matrix(audit: Audit, key: str, found: Confusions, codes: Sequence[str]) -> Table:
    def both_ways(a: str, b: str) -> float:
        return round(found.matrix.get((a, b), 0) + found.matrix.get((b, a), 0), 1)

    return Table(
        f"{_axis_label(audit, key)}: differences between the codes most often confused",
        ("", *codes),
        tuple((code, *(Count(both_ways(code, other)) if code != other else "–" for other in codes)) for code in codes),
        chart=Chart(Kind.heat),
    )


def _common(found: Confusions) -> list[str]:
    totals: dict[str, float] = {}
    for pair in found.pairs:
        for code in pair.codes:
            totals[code] = totals.get(code, 0) + pair.n
    return sorted(totals, key=lambda code: (code == NOTHING, -totals[code]))[:_MOST_CODES]


def _parts(
    audit: Audit, name: str, of: Callable[[AxisAudit], Mapping[str, Agreement]], kind: Kind = Kind.intervals
) -> Iterator[Block]:
    tables: list[Block] = [
        Table(
            f"{_axis_label(audit, key)}, by {name}",
            (name, *_HEAD),
            tuple((part, *_cells(found)) for part, found in of(axis).items()),
            counted=1,
            chart=Chart(kind, (5,), axis.agreement.overall.alpha.value, 0, 1),
            note=f"Dots: alpha with its 95% interval; dashed: all {name}s together.",
        ).trimmed
        for key, axis in audit.axes.items()
        if of(axis)
    ]
    yield from tables or [(f"No {name} has ten incidents coded by two, or the file does not say the {name}.",)]


def _coders(audit: Audit, names: Mapping[str, str]) -> Iterator[Block]:
    yield (
        "A coder who differs from the others is not thereby wrong: look at the incidents before talking to anybody.",
    )
    for key, axis in audit.axes.items():
        if axis.agreement.coders:
            ordered = sorted(axis.agreement.coders.items(), key=lambda item: np.nan_to_num(item[1].alpha.value))
            yield Table(
                f"{_axis_label(audit, key)}: each coder against all others, the least agreement first",
                ("coder", *_HEAD),
                tuple((names.get(coder, coder), *_cells(found)) for coder, found in ordered),
                counted=1,
                chart=Chart(Kind.intervals, (5,), axis.agreement.overall.alpha.value, 0, 1),
            ).trimmed


def _pairs(audit: Audit, names: Mapping[str, str]) -> Iterator[Block]:
    for key, axis in audit.axes.items():
        pairs = sorted(axis.agreement.pairs.items(), key=lambda item: np.nan_to_num(item[1].alpha.value))
        if pairs:
            yield Table(
                f"{_axis_label(audit, key)}: two coders, the least agreement first",
                ("coder", "and", *_HEAD),
                tuple((names.get(a, a), names.get(b, b), *_cells(found)) for (a, b), found in pairs[:_MOST_PAIRS]),
                counted=2,
                note=f"{min(len(pairs), _MOST_PAIRS)} of {len(pairs)} pairs with ten incidents in common or more.",
            ).trimmed


def _habits(audit: Audit, names: Mapping[str, str]) -> Iterator[Block]:
    rows = tuple(
        (
            names.get(habit.coder, habit.coder),
            _axis_label(audit, key),
            _coded(audit.taxonomy, key, habit.code),
            Count(habit.n),
            Number(habit.own, Style.share),
            Number(habit.others, Style.share),
            Figure(habit.difference, Style.points),
        )
        for key, axis in audit.axes.items()
        for habit in axis.habits
    )
    yield Table(
        "Differences that chance does not explain, in percentage points of the same incidents",
        ("coder", "axis", "code", "incidents", "gave it", "others gave it", "difference"),
        rows[: 3 * _MOST_PAIRS],
        counted=3,
        note=f"{min(len(rows), 3 * _MOST_PAIRS)} of {len(rows)}; about one in twenty of them is false.",
    )


def _drifts(audit: Audit, names: Mapping[str, str]) -> Iterator[Block]:
    found = [(key, drift) for key, axis in audit.axes.items() for drift in axis.drifts]
    moved = [(key, drift) for key, drift in found if drift.change.low > 0 or drift.change.high < 0]
    yield Table(
        "Agreement with the others, earlier against later half of a coder's shared incidents",
        ("coder", "axis", "earlier", "later", "later half from", "agreed earlier", "agreed later", "change, points"),
        tuple(
            (
                names.get(drift.coder, drift.coder),
                _axis_label(audit, key),
                Count(drift.n_before),
                Count(drift.n_after),
                drift.since,
                Number(drift.before, Style.share),
                Number(drift.after, Style.share),
                Figure(drift.change, Style.points),
            )
            for key, drift in sorted(moved, key=lambda item: item[1].change.value)
        ),
        counted=2,
        note=f"{len(moved)} of {len(found)} comparisons have an interval that leaves out no change; chance alone would "
        f"give about {len(found) / 20:.0f}.",
    )


def _model(audit: Audit) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = []
    for key, axis in audit.axes.items():
        if axis.agreement.model:
            rows.append((_axis_label(audit, key), "the model", *_cells(axis.agreement.model)))
            rows.append((_axis_label(audit, key), "people", *_cells(axis.agreement.overall)))
    yield Table(
        "The model against the people, and the people among themselves",
        ("axis", "who", *_HEAD),
        tuple(rows),
        counted=2,
        note="A model near the people's own agreement codes as one more of them would; it is in no other figure here.",
    )


def _assistance(audit: Audit) -> Iterator[Block]:
    found = {key: axis.assistance for key, axis in audit.axes.items() if axis.assistance}
    if not found:
        yield ("The file does not say which decisions were blind (`is_blind`), so this cannot be told.",)
        return
    for caption, pick in (("Same codes as the model", "with_model"), ("Same codes as another coder", "with_others")):
        contrasts: dict[str, Contrast] = {k: c for k, a in found.items() if (c := getattr(a, pick))}
        if contrasts:
            yield Table(
                f"{caption}: blind decisions against assisted ones",
                ("axis", "blind", "assisted", "same, blind", "same, assisted", "difference, points"),
                tuple((_axis_label(audit, key), *_contrasted(c)) for key, c in contrasts.items()),
                counted=1,
                chart=Chart(Kind.intervals, (5,), 0),
            )
    for key, assisted in found.items():
        if assisted.taken:
            yield Table(
                f"{_axis_label(audit, key)}: place in the list shown of the code taken",
                ("place", "decisions", "share"),
                tuple((place, Count(n), Share(n, assisted.n_assisted)) for place, n in assisted.taken.items()),
                counted=1,
                chart=Chart(Kind.intervals, (2,), low=0),
            )


def _contrasted(c: Contrast) -> tuple[Cell, ...]:
    return (
        Count(c.n_blind),
        Count(c.n_assisted),
        Number(c.blind, Style.share),
        Number(c.assisted, Style.share),
        Figure(c.difference, Style.points),
    )


def _method() -> Iterator[Block]:
    yield Points(
        (
            ("Only incidents that two coders or more coded count; a pair, site or month needs ten of them.",),
            ("Same codes: share of two codings of an incident that are exactly the same; each incident counts once.",),
            (
                "Kappa: Cohen's of two coders, Conger's of more; AC1: Gwet's, steady where one code is far commoner; "
                "alpha: Krippendorff's, only the same codes agreeing. 1 is full agreement, 0 what chance gives.",
            ),
            (
                "Alpha, near codes: on an axis of many codes, sets in common agree in part (MASI); on a scale, "
                "neighbours do (ordinal). Alpha, by tree: codes of one parent agree in part.",
            ),
            ("Intervals: the middle 95% of 1,000 bootstrap samples of incidents, unless set otherwise.",),
            (
                "Agreement is not accuracy: coders can agree and be wrong. Double-coded incidents may be harder or "
                "easier than others if they were not drawn at random. Small groups have wide intervals: read those "
                "first.",
            ),
        )
    )


def _cells(found: Agreement) -> tuple[Cell, ...]:
    near = found.partial.get("ordinal", found.partial.get("masi"))
    tree = found.partial.get("tree")
    plain = (found.kappa, found.ac1, found.alpha)
    return (
        Count(found.n_incidents),
        Figure(found.percent, Style.share),
        *(Figure(estimate) for estimate in plain),
        _or_dash(near),
        _or_dash(tree),
    )


def _or_dash(estimate: Estimate | None) -> Cell:
    return Figure(estimate) if estimate else NONE


def _axis_label(audit: Audit, key: str) -> str:
    return audit.taxonomy.axis[key].label


def _coded(taxonomy: Taxonomy, axis: str, code: str) -> str:
    label = taxonomy.label(axis, code)
    return code if code in (label, NOTHING) else f"{code} {label}"


def _pair(codes: tuple[str, str]) -> str:
    return " against ".join("nothing" if code == NOTHING else code for code in codes)


def _names(audit: Audit) -> dict[str, str]:
    """Coders as numbers, the one with most shared incidents first."""
    counts: dict[str, int] = {}
    for axis in audit.axes.values():
        for coder, found in axis.agreement.coders.items():
            counts[coder] = counts.get(coder, 0) + found.n_incidents
        for pair in axis.agreement.pairs:
            counts |= {coder: counts.get(coder, 0) for coder in pair}
    return {coder: f"coder {n}" for n, coder in enumerate(sorted(counts, key=lambda c: (-counts[c], c)), start=1)}
