"""An audit as a report for whoever answers for the coding."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from codesuggest.agreement import Agreement, says_little
from codesuggest.audit.assistance import Contrast
from codesuggest.audit.consistency import beyond_chance
from codesuggest.audit.whole import Audit, AxisAudit
from codesuggest.report.agreeing import HEAD, beyond, cells, explained, strength
from codesuggest.report.differing import axis_label, commonest_difference, confusions, drifts, habits
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


def audit_document(audit: Audit, *, made: str, are_named: bool = True) -> Document:
    """The report of an audit. Coders are numbered, the most active first, unless `are_named`."""
    names = _names(audit) if not are_named else {}
    axes = audit.axes
    sections = [
        Section("Agreement on each axis", tuple(_by_axis(audit))),
        Section("Which codes are taken for which", tuple(confusions(audit))),
        Section("Sites", tuple(_parts(audit, "site", lambda axis: axis.agreement.sites))),
        Section("Months", tuple(_parts(audit, "month", lambda axis: axis.agreement.months))),
        Section("Each coder against the others", tuple(_coders(audit, names)), is_internal=True),
        Section("Two coders at a time", tuple(_pairs(audit, names)), is_internal=True),
        Section("Codes given more or less often than others give them", tuple(habits(audit, names)), is_internal=True),
        Section("Coders who have changed", tuple(drifts(audit, names)), is_internal=True),
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


def _verdict(audit: Audit) -> Words:
    found = [(key, axis) for key, axis in audit.axes.items() if axis.agreement.overall.n_pairs]
    same = sorted(axis.agreement.overall.percent.value for _, axis in found)
    words: list[Cell] = ["Two coders give one incident exactly the same codes ", Number(same[0], Style.share)]
    words += [" to ", Number(same[-1], Style.share)] if len(same) > 1 else []
    words += [f" of the time{', depending on the axis' if len(same) > 1 else ''}. "]
    words += _most_and_least(audit, [key for key, axis in found if not _says_little(axis)])
    if one := [axis_label(audit, key) for key, axis in found if _says_little(axis)]:
        words.append(f"On {', '.join(one)} nearly all incidents have one code: agreement beyond chance says little. ")
    if floors := [axis for _, axis in found if axis.agreement.floor is not None]:
        missed = [axis_label(audit, key) for key, axis in found if _is_missed(axis)]
        words.append(f"Of the {len(floors)} axes for which the protocol sets a least agreement, ")
        words.append(
            f"{', '.join(missed)} {'misses' if len(missed) == 1 else 'miss'} it. " if missed else "all reach it. "
        )
    return (*words, *commonest_difference(audit))


def _most_and_least(audit: Audit, keys: Sequence[str]) -> list[Cell]:
    """On which axis coders agree most beyond chance, on which least, and what the least allows."""
    if not keys:
        return []
    value = {key: audit.axes[key].agreement.beyond_chance for key in keys}
    *more, worst = sorted(keys, key=lambda key: -np.nan_to_num(value[key].value))
    words: list[Cell] = ["Allowing for chance, they agree "]
    if more:
        words += [f"most on {axis_label(audit, more[0])}, ", Figure(value[more[0]]), ", and least "]
    words += [f"on {axis_label(audit, worst)}, ", Figure(value[worst])]
    return [*words, f" (1 is full agreement, 0 is chance), which {strength(value[worst].value)}. "]


def _says_little(axis: AxisAudit) -> bool:
    return says_little(axis.agreement.overall.percent, axis.agreement.beyond_chance)


def _is_missed(axis: AxisAudit) -> bool:
    return axis.agreement.floor is not None and not axis.agreement.beyond_chance.value >= axis.agreement.floor


def _by_axis(audit: Audit) -> Iterator[Block]:
    rows = []
    for key, axis in audit.axes.items():
        floor = axis.agreement.floor
        met: Cell = NONE if floor is None else f"{floor:.2f} {'missed' if _is_missed(axis) else 'met'}"
        rows.append((axis_label(audit, key), *cells(axis.agreement.overall), met))
    yield explained(
        Table(
            "Agreement of all coders, by axis",
            ("axis", *HEAD, "floor"),
            tuple(rows),
            counted=1,
            chart=Chart(Kind.intervals, (5,), 0.8, 0, 1),
            note="Same codes does not allow for chance; kappa, AC1 and alpha do, each in its way: 1 is full agreement, "
            "0 what chance gives. Dots: alpha with its 95% interval; dashed: 0.8, from which on one coder may be "
            "relied on.",
        )
    )
    yield Points(tuple(_in_words(audit)))


def _in_words(audit: Audit) -> Iterator[Words]:
    """What agreement beyond chance allows, one point for all axes of which the same can be said."""
    said: dict[str, list[Cell]] = {}
    for key, axis in audit.axes.items():
        value = axis.agreement.beyond_chance
        if not axis.agreement.overall.n_pairs:
            said.setdefault("No incident was coded by two", []).extend(["; ", axis_label(audit, key)])
        elif _says_little(axis):
            what = "Coders hardly differ, but nearly all incidents have one code: agreement beyond chance says little"
            words = said.setdefault(f"{what}, AC1 is the figure to read", [])
            words += ["; ", f"{axis_label(audit, key)} ", Figure(axis.agreement.overall.ac1)]
        else:
            words = said.setdefault(f"Agreement beyond chance {strength(value.value)}", [])
            words += ["; ", f"{axis_label(audit, key)} ", Figure(value)]
    for what, words in said.items():
        yield (f"{what}, on ", *words[1:], ".")


def _parts(audit: Audit, name: str, of: Callable[[AxisAudit], Mapping[str, Agreement]]) -> Iterator[Block]:
    tables: list[Block] = [
        explained(
            Table(
                f"{axis_label(audit, key)}, by {name}",
                (name, *HEAD),
                tuple((part, *cells(found)) for part, found in of(axis).items()),
                counted=1,
                chart=Chart(Kind.intervals, (5,), axis.agreement.overall.alpha.value, 0, 1),
                note=f"Dots: alpha with its 95% interval; dashed: all {name}s together.",
            )
        )
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
            yield explained(
                Table(
                    f"{axis_label(audit, key)}: each coder against all others, the least agreement first",
                    ("coder", *HEAD),
                    tuple((names.get(coder, coder), *cells(found)) for coder, found in ordered),
                    counted=1,
                    chart=Chart(Kind.intervals, (5,), axis.agreement.overall.alpha.value, 0, 1),
                )
            )


def _pairs(audit: Audit, names: Mapping[str, str]) -> Iterator[Block]:
    for key, axis in audit.axes.items():
        pairs = sorted(axis.agreement.pairs.items(), key=lambda item: np.nan_to_num(item[1].alpha.value))
        if pairs:
            yield explained(
                Table(
                    f"{axis_label(audit, key)}: two coders, the least agreement first",
                    ("coder", "and", *HEAD),
                    tuple((names.get(a, a), names.get(b, b), *cells(found)) for (a, b), found in pairs[:_MOST_PAIRS]),
                    counted=2,
                    note=f"{min(len(pairs), _MOST_PAIRS)} of {len(pairs)} pairs with ten incidents in common or more.",
                )
            )


def _model(audit: Audit) -> Iterator[Block]:
    yield explained(
        Table(
            "The model against the people, beside the people among themselves",
            (
                "axis",
                "incidents, model",
                "same codes, model",
                "same codes, people",
                "beyond chance, model",
                "beyond chance, people",
                "incidents, people",
            ),
            tuple(
                (
                    axis_label(audit, key),
                    Count(axis.agreement.model.n_incidents),
                    Figure(axis.agreement.model.percent, Style.share),
                    Figure(axis.agreement.overall.percent, Style.share),
                    beyond(beyond_chance(axis.agreement.model), axis.agreement.model.percent),
                    beyond(axis.agreement.beyond_chance, axis.agreement.overall.percent),
                    Count(axis.agreement.overall.n_incidents),
                )
                for key, axis in audit.axes.items()
                if axis.agreement.model
            ),
            counted=1,
            chart=Chart(Kind.intervals, (4, 5), low=0, high=1),
            note="Beyond chance: kappa, or alpha (MASI) on an axis of many codes. A model near the people's own "
            "agreement codes as one more of them would; it is in no other figure here.",
        )
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
                tuple((axis_label(audit, key), *_contrasted(c)) for key, c in contrasts.items()),
                counted=1,
                chart=Chart(Kind.intervals, (5,), 0),
            )
    for key, assisted in found.items():
        if assisted.taken:
            yield Table(
                f"{axis_label(audit, key)}: place in the list shown of the code taken",
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
                "Where nearly all incidents have one code, kappa and alpha turn on single incidents, and may be nought "
                "or less although the coders hardly ever differ: read AC1 there.",
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


def _names(audit: Audit) -> dict[str, str]:
    """Coders as numbers, the one with most shared incidents first."""
    counts: dict[str, int] = {}
    for axis in audit.axes.values():
        for coder, found in axis.agreement.coders.items():
            counts[coder] = counts.get(coder, 0) + found.n_incidents
        for pair in axis.agreement.pairs:
            counts |= {coder: counts.get(coder, 0) for coder in pair}
    return {coder: f"coder {n}" for n, coder in enumerate(sorted(counts, key=lambda c: (-counts[c], c)), start=1)}
