"""What a model is worth: shortlists, scores, minutes. Parts of an evaluation's report."""

from collections.abc import Iterator

from codesuggest.evaluate.handling import SHARES, TARGETS
from codesuggest.report.appraised import Appraised, share
from codesuggest.report.document import NONE, Block, Cell, Chart, Count, Figure, Kind, Number, Share, Style, Table


def worth(of: Appraised) -> Iterator[Block]:
    """How right the surest suggestions are, and what checking them instead of coding would save."""
    load = of.workload
    yield (
        "If only the surest suggestions are filled in, to be checked by a coder, and the others are coded as before: "
        "how right are those filled in, and how many are they?",
    )
    yield Table(
        f"What could be saved of the {load.hours:,.0f} hours that {load.incidents:,} incidents take",
        ("asked: right at least", "share filled in", "right among them", "hours saved"),
        tuple(_saved(of, target) for target in TARGETS),
        note=f"At {load.minutes:g} minutes to code an incident and {load.minutes_checked:g} to check one, spread "
        "evenly over the axes: the share filled in is the mean of an incident's axes.",
    )
    yield Table(
        "Share right among the surest suggestions",
        ("surest", *(of.label(axis) for axis in of.appraisal.axes)),
        tuple(
            (f"{part:.0%}", *(share(found.by_share[part]) for found in of.appraisal.axes.values())) for part in SHARES
        ),
        chart=Chart(Kind.lines, tuple(range(1, len(of.appraisal.axes) + 1)), 0.95, high=1),
        note="Dashed: 95%. The last row is all incidents.",
    )
    yield _by_axis(of)


def lists(of: Appraised) -> Iterator[Block]:
    """The shortlists that coders are shown, and lists of a fixed length."""
    yield (
        "A shortlist is as long as it has to be to hold the right code as often as asked; it is short where the "
        "model is sure. On an axis of several codes it is to hold that share of the right ones.",
    )
    yield Table(
        "Shortlists: what was asked of them, and what they hold",
        ("axis", "asked", "incidents", "hold the right code", "codes on the list", "only one code", "longest"),
        tuple(
            (
                of.label(axis),
                f"{lists.asked:.0%}",
                Count(lists.n),
                share(lists.covered),
                Figure(lists.length, Style.rank),
                Share(lists.n_single, lists.n),
                Number(lists.longest, Style.whole),
            )
            for axis, found in of.appraisal.axes.items()
            for lists in found.shortlists
        ),
        counted=2,
        note="Asked holds for incidents like those of training; gold that differs is held less often.",
    )
    for axis, found in of.appraisal.axes.items():
        is_many, n = of.taxonomy.axis[axis].many, of.appraisal.evaluation.axes[axis].n
        yield Table(
            f"{of.label(axis)}: right codes in a list of so many",
            ("list of", "incidents", f"holds {'one' if is_many else 'the'} right code", "holds all right codes"),
            tuple(
                (str(k), Count(n), share(one), share(found.all_in_first[k]) if is_many else NONE)
                for k, one in found.any_in_first.items()
            ),
            counted=1,
            chart=Chart(Kind.lines, (2, 3), low=0, high=1),
        ).trimmed


def calibration(of: Appraised) -> Iterator[Block]:
    """Whether scores are the share right."""
    yield Table(
        "Distance of score from share right (expected calibration error of the first suggestion)",
        ("axis", "incidents", "distance", "by chance alone"),
        tuple(
            (of.label(axis), Count(found.n), Figure(found.model["ece"]), Number(of.appraisal.axes[axis].ece_by_chance))
            for axis, found in of.appraisal.evaluation.axes.items()
        ),
        counted=1,
        note="0.05: a score of 80% means 75% or 85% right. By chance alone: what scores that mean exactly what they "
        "say would show on as few incidents.",
    )
    for axis, found in of.appraisal.axes.items():
        yield Table(
            f"{of.label(axis)}: incidents of like score, from the least sure to the surest",
            ("mean score", "incidents", "score", "share right"),
            tuple((f"{b.score:.0%}", Count(b.n), Number(b.score, Style.share), share(b.right)) for b in found.bins),
            counted=1,
            chart=Chart(Kind.lines, (3, 2), low=0, high=1),
        )


def _saved(of: Appraised, target: float) -> tuple[Cell, ...]:
    filled = of.filled_in(target)
    hours = Figure(of.hours_saved(target), Style.whole)
    return f"{target:.0%}", share(filled.share), share(filled.accuracy), hours


def _by_axis(of: Appraised) -> Table:
    return Table(
        "What could be filled in, by axis",
        ("axis", "asked: right at least", "gold incidents filled in", "share filled in", "right among them"),
        tuple(
            (of.label(axis), f"{at.target:.0%}", Count(at.n), share(at.share), share(at.accuracy))
            for axis, found in of.appraisal.axes.items()
            for at in found.handled
        ),
        counted=2,
    )
