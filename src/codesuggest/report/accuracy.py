"""How accurate a model is, and for whom it is worse: parts of an evaluation's report."""

from collections.abc import Iterator

import numpy as np

from codesuggest.evaluate.appraisal import CodeFigures
from codesuggest.evaluate.slices import ENOUGH
from codesuggest.metrics import Estimate
from codesuggest.report.appraised import Appraised, share
from codesuggest.report.document import NONE, Block, Chart, Count, Figure, Kind, Share, Style, Table

_MOST_MISSED = 12
_SECOND = (
    "Second coder: the share of their codes that are right, as far as incidents were coded twice, from the text and "
    "the guidelines only; no model can be expected to do better. "
)
_ONE_OF = " On an axis of several codes a suggestion is right if it is one of them."
_KINDS = {
    "OO": "one code, and the model one",
    "OM": "one code, and the model several",
    "MO": "several codes, and the model one",
    "MM": "several codes, and the model several",
}


def accuracy(of: Appraised) -> Iterator[Block]:
    """Every axis, beside ranking by frequency and a second coder."""
    axes = of.appraisal.evaluation.axes
    yield Table(
        "How often the first suggestion is right",
        ("axis", "incidents", "first suggestion", "second coder", "always the commonest"),
        tuple(
            (
                of.label(axis),
                Count(found.n),
                share(found.model["hit@1"]),
                share(of.appraisal.axes[axis].second),
                share(found.by_frequency["hit@1"]),
            )
            for axis, found in axes.items()
        ),
        counted=1,
        chart=Chart(Kind.intervals, (2, 3, 4), low=0, high=1),
        note=(_SECOND if of.appraisal.second else "")
        + "Always the commonest: suggesting whatever code training had most often."
        + (_ONE_OF if any(of.taxonomy.axis[axis].many for axis in axes) else ""),
    ).trimmed
    yield _among(of)
    yield _given(of)


def _among(of: Appraised) -> Table:
    axes = of.appraisal.evaluation.axes
    return Table(
        "How many of the right codes are among the first three and the first five suggested",
        ("axis", "incidents", "among three", "among five", "mean rank of the first right one"),
        tuple(
            (
                of.label(axis),
                Count(found.n),
                share(found.model["recall@3"]),
                share(found.model["recall@5"]),
                Figure(found.model["mean_rank"], Style.rank),
            )
            for axis, found in axes.items()
        ),
        counted=1,
    )


def _given(of: Appraised) -> Table:
    axes = of.appraisal.evaluation.axes
    return Table(
        f"The codes that would be given without a person{', beside a second coder' if of.ceiling else ''}",
        ("axis", "incidents", "micro F1", "second coder, micro F1", "macro F1", "incidents of both"),
        tuple(
            (
                of.label(axis),
                Count(found.n),
                Figure(found.model["micro_f1"]),
                Figure(of.ceiling[axis].f1) if axis in of.ceiling else NONE,
                Figure(found.model["macro_f1"]),
                Count(of.ceiling[axis].n) if axis in of.ceiling else NONE,
            )
            for axis, found in axes.items()
        ),
        counted=1,
        note="F1 is 1 where exactly the right codes are given and 0 where none is. Micro: every code given counts "
        "alike. Macro: every kind of code counts alike, rare ones too.",
    ).trimmed


def levels(of: Appraised) -> Iterator[Block]:
    """The code beside the group that it belongs to; nothing where no axis has groups."""
    rows = tuple(
        (of.label(axis), Count(found.n), share(found.model["hit@1"]), share(parent))
        for axis, found in of.appraisal.evaluation.axes.items()
        if (parent := of.appraisal.axes[axis].parent)
    )
    if not rows:
        return
    yield Table(
        "First suggestion right, at the level of the code and of its group",
        ("axis", "incidents", "code", "group"),
        rows,
        counted=1,
        chart=Chart(Kind.intervals, (2, 3), low=0, high=1),
        note="Only axes whose codes have groups.",
    )


def slices(of: Appraised) -> Iterator[Block]:
    """Parts of gold, each against the rest."""
    mean, axes = of.appraisal.overall.value, list(of.appraisal.axes)
    for kind, parts in of.appraisal.slices.items():
        yield Table(
            f"First suggestion right, by {kind}",
            (kind, "incidents", "all axes", "second coder", "against the rest, points"),
            tuple(
                (name, Count(part.n), share(part.overall), share(part.second), Figure(part.gap, Style.points))
                for name, part in parts.items()
            ),
            counted=1,
            chart=Chart(Kind.intervals, (2,), mean, 0, 1),
            note="Dashed: all gold together. All axes: the mean of an incident's axes. Parts of fewer than ten "
            "incidents are left out.",
        ).trimmed
        if len(axes) > 1:
            yield Table(
                f"First suggestion right, by {kind}, on each axis",
                (kind, "incidents", *map(of.label, axes)),
                tuple(
                    (name, Count(part.n), *(share(part.axes[axis]) for axis in axes)) for name, part in parts.items()
                ),
                counted=1,
            )
    if not of.appraisal.slices:
        yield ("Gold says nothing of sites, dates, reporters or lengths.",)
    yield _missed(of)


def missed(of: Appraised) -> list[tuple[str, CodeFigures]]:
    """Codes, each with its axis, that the model clearly finds on fewer than half of their incidents, of codes with ten
    of them or more; those of which fewest are found first."""
    found = [
        (axis, code)
        for axis, appraised in of.appraisal.axes.items()
        for code in appraised.codes
        if code.n >= ENOUGH and code.recall.high < 0.5
    ]
    return sorted(found, key=lambda item: (item[1].recall.value, -item[1].n))


def _missed(of: Appraised) -> Block:
    codes = missed(of)
    if not codes:
        return ("Of the codes that ten gold incidents or more have, none is clearly missed on most of them.",)
    more = f", the first {_MOST_MISSED} of {len(codes)}" if len(codes) > _MOST_MISSED else ""
    return Table(
        f"Codes that it would give on fewer than half of the incidents that have them{more}",
        ("code", "axis", "incidents", "found", "found by the second coder"),
        tuple(
            (of.coded(axis, code.code), of.label(axis), Count(code.n), share(code.recall), share(code.second))
            for axis, code in codes[:_MOST_MISSED]
        ),
        counted=2,
        note="Of codes that ten gold incidents or more have; the interval is below half. Incidents with these codes "
        "depend on a coder who looks further than the suggestions.",
    ).trimmed


def codes(of: Appraised) -> Iterator[Block]:
    """Every code of every axis."""
    yield (
        "Found: of the incidents that have the code, how many the model would give it to. Rightly given: of those it "
        "would give it to, how many have it. A code on few incidents has a wide interval.",
    )
    for axis, found in of.appraisal.axes.items():
        yield Table(
            f"{of.label(axis)}: found and rightly given, by code",
            ("code", "incidents", "found", "found by the second coder", "given", "rightly given"),
            tuple(
                (
                    of.coded(axis, c.code),
                    Count(c.n),
                    share(c.recall),
                    share(c.second),
                    Count(c.n_given),
                    share(c.precision),
                )
                for c in found.codes
            ),
            counted=1,
        ).trimmed


def kinds(of: Appraised) -> Iterator[Block]:
    """Whether people and model give one code or several; nothing where every axis takes one."""
    many = {axis: found for axis, found in of.appraisal.axes.items() if of.taxonomy.axis[axis].many}
    for axis, found in many.items():
        yield Table(
            f"{of.label(axis)}: how many codes people gave, and the model",
            ("people gave", "incidents", "exactly the same codes"),
            tuple((_KINDS[kind], Count(k.n), Share(k.n_same, k.n)) for kind, k in found.kinds.items()),
            counted=1,
        )


def clearly_worse(of: Appraised) -> tuple[str, str, Estimate] | None:
    """The kind and name of the part of gold on which the model is most clearly worse than on the rest, and by how
    much; None where there is none."""
    found = [
        (part.gap.high, kind, name, part.gap)
        for kind, parts in of.appraisal.slices.items()
        for name, part in parts.items()
        if not np.isnan(part.gap.high) and part.gap.high < 0
    ]
    return min(found, key=lambda item: item[0])[1:] if found else None
