"""Where coders differ, in an audit's report: which codes, who, and since when."""

from collections.abc import Iterator, Mapping, Sequence

from codesuggest.audit.differences import NOTHING, Confusions
from codesuggest.audit.whole import Audit
from codesuggest.domain import Taxonomy
from codesuggest.report.document import Block, Cell, Chart, Count, Figure, Kind, Number, Share, Style, Table

_MOST_RULES = 8
_MOST_CODES = 14
_MOST_HABITS = 60


def commonest_difference(audit: Audit) -> list[Cell]:
    """The commonest difference as a sentence, of axes with more than one kind; nothing where there is none."""
    pairs = [(axis.confusions.pairs[0], key) for key, axis in audit.axes.items() if len(axis.confusions.pairs) > 1]
    if not pairs:
        return []
    pair, key = max(pairs, key=lambda item: item[0].n)
    words: list[Cell] = [f"The commonest difference is {_pair(pair.codes)} on {axis_label(audit, key)}: "]
    return [*words, Share(pair.n, audit.axes[key].confusions.n_differences), " of the differences there."]


def confusions(audit: Audit) -> Iterator[Block]:
    yield (
        "Where two coders differ, what one gave stands beside what the other gave. A rule in the "
        "guidelines settles most for the first pairs of a table.",
    )
    yield (
        "Settled so far: share of all differences on the axis, down to that row. Exchanged in: share of the incidents "
        "on which anybody gave either code. An incident counts once however many coded it, hence parts of differences.",
    )
    for key, axis in audit.axes.items():
        found = axis.confusions
        if not found.pairs:
            yield (f"{axis_label(audit, key)}: coders never differed.",)
            continue
        yield _rules(audit, key, found)
        if len(codes := _common(audit, key, found)) > 2:
            yield _matrix(audit, key, found, codes)


def _rules(audit: Audit, key: str, found: Confusions) -> Table:
    rows: list[tuple[Cell, ...]] = []
    settled = 0.0
    for pair in found.pairs[:_MOST_RULES]:
        settled += pair.n
        both = tuple(_coded(audit.taxonomy, key, code) for code in pair.codes)
        rows.append(
            (*both, Count(round(pair.n, 1)), Share(settled, found.n_differences), Number(pair.of_uses, Style.share))
        )
    more = f", the first {len(rows)} of {len(found.pairs)}" if len(rows) < len(found.pairs) else ""
    return Table(
        f"{axis_label(audit, key)}: pairs worth a rule{more}",
        ("one code", "the other", "differences", "settled so far", "exchanged in"),
        tuple(rows),
        counted=2,
    )


def _matrix(audit: Audit, key: str, found: Confusions, codes: Sequence[str]) -> Table:
    def both_ways(a: str, b: str) -> float:
        return round(found.matrix.get((a, b), 0) + found.matrix.get((b, a), 0), 1)

    return Table(
        f"{axis_label(audit, key)}: differences between the codes most often confused",
        ("", *codes),
        tuple((code, *(Count(both_ways(code, other)) if code != other else "–" for other in codes)) for code in codes),
        chart=Chart(Kind.shades),
    )


def _common(audit: Audit, key: str, found: Confusions) -> list[str]:
    """The codes most often confused, in the taxonomy's order, nothing last."""
    totals: dict[str, float] = {}
    for pair in found.pairs:
        for code in pair.codes:
            totals[code] = totals.get(code, 0) + pair.n
    commonest = sorted(totals, key=lambda code: -totals[code])[:_MOST_CODES]
    place = {code: number for number, code in enumerate(audit.taxonomy.by_code[key])}
    return sorted(commonest, key=lambda code: (code == NOTHING, place.get(code, len(place)), code))


def habits(audit: Audit, names: Mapping[str, str]) -> Iterator[Block]:
    rows = tuple(
        (
            names.get(habit.coder, habit.coder),
            axis_label(audit, key),
            _coded(audit.taxonomy, key, habit.code),
            Count(habit.n),
            Number(habit.own, Style.share),
            Number(habit.others, Style.share),
            Figure(habit.difference, Style.points),
        )
        for key, axis in audit.axes.items()
        for habit in axis.habits
    )
    if not rows:
        yield ("None: on the same incidents, no coder gives a code more or less often than chance explains.",)
        return
    yield Table(
        "Differences that chance does not explain, in percentage points of the same incidents",
        ("coder", "axis", "code", "incidents", "gave it", "others gave it", "difference"),
        rows[:_MOST_HABITS],
        counted=3,
        note=f"{min(len(rows), _MOST_HABITS)} of {len(rows)}; about one in twenty of them is false.",
    )


def drifts(audit: Audit, names: Mapping[str, str]) -> Iterator[Block]:
    found = [(key, drift) for key, axis in audit.axes.items() for drift in axis.drifts]
    if not found:
        yield (
            "No coder has decisions on two days or more, ten earlier and ten later, on incidents that others coded; "
            "or the file does not say when they were made.",
        )
        return
    moved = [(key, drift) for key, drift in found if drift.change.low > 0 or drift.change.high < 0]
    if not moved:
        yield (
            f"None of {len(found)} comparisons of the earlier with the later half of a coder's shared incidents shows "
            "a change that chance does not explain.",
        )
        return
    yield Table(
        "Agreement with the others, earlier against later half of a coder's shared incidents",
        ("coder", "axis", "earlier", "later", "later half from", "agreed earlier", "agreed later", "change, points"),
        tuple(
            (
                names.get(drift.coder, drift.coder),
                axis_label(audit, key),
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


def axis_label(audit: Audit, key: str) -> str:
    """An axis in words."""
    return audit.taxonomy.axis[key].label


def _coded(taxonomy: Taxonomy, axis: str, code: str) -> str:
    label = taxonomy.label(axis, code)
    return code if code in (label, NOTHING) else f"{code} {label}"


def _pair(codes: tuple[str, str]) -> str:
    return " against ".join("nothing" if code == NOTHING else code for code in codes)
