"""Models beside a model: another one, and ones trained on less, elsewhere, later, or on text as read. Parts of an
evaluation's report."""

from collections.abc import Iterator, Mapping, Sequence

from codesuggest.evaluate.comparing import Comparison
from codesuggest.evaluate.studies import Studies, Study
from codesuggest.report.appraised import Appraised, share
from codesuggest.report.document import NONE, Block, Chart, Count, Figure, Kind, Number, Style, Table


def comparison(of: Appraised) -> Iterator[Block]:
    """The model beside another on the same incidents."""
    names = (of.appraisal.evaluation.model, of.appraisal.other)
    yield _compared(of, of.appraisal.comparison, names, f"First suggestion right: {names[0]} and {names[1]}")


def curve(of: Appraised, studies: Studies) -> Iterator[Block]:
    """Accuracy by how many incidents were coded."""
    yield _studies(
        of, studies.curve, "trained on", "First suggestion right, by number of incidents trained on", Kind.lines
    )
    if len(studies.curve) > 1:
        last, before = studies.curve[-1], studies.curve[-2]
        gain = last.overall.value - before.overall.value
        yield (
            "Over all axes, the last doubling, from ",
            Count(before.n_trained),
            " to ",
            Count(last.n_trained),
            " incidents, brought ",
            Number(gain, Style.points),
            " points. ",
            "Coding more incidents still pays." if gain > 0.01 else "More incidents of the same kind bring little.",
        )


def splits(of: Appraised, studies: Studies) -> Iterator[Block]:
    """Accuracy at random, on a new site, and later."""
    yield (
        "Each row is a model of its own, trained on all incidents but those it was measured on. If a new site or a "
        "later time is much worse than a random fifth, the model leans on habits of place and time, and figures "
        "measured at random promise too much.",
    )
    yield _studies(of, studies.splits, "held out", "First suggestion right, by what was held out", Kind.intervals)


def redaction(of: Appraised, studies: Studies) -> Iterator[Block]:
    """What is lost by replacing personal data."""
    yield _compared(
        of, studies.redaction, ("redacted", "as read"), "First suggestion right: redacted text, and the same as read"
    )
    yield (
        "Both models were trained and measured on the same incidents, one of them on text from which nothing was taken "
        "out; that model and that text were kept nowhere.",
    )


def _studies(of: Appraised, studies: Sequence[Study], first: str, caption: str, kind: Kind) -> Table:
    axes = list(of.appraisal.axes)
    return Table(
        caption,
        (first, "incidents trained on", "measured on", "all axes", *map(of.label, axes)),
        tuple(
            (
                study.name,
                NONE if kind is Kind.lines else Count(study.n_trained),
                Count(study.n),
                share(study.overall),
                *(share(study.axes.get(axis)) for axis in axes),
            )
            for study in studies
        ),
        counted=2,
        chart=Chart(kind, (3,), low=0, high=1),
    ).trimmed


def _compared(of: Appraised, found: Mapping[str, Comparison], names: tuple[str, str], caption: str) -> Table:
    return Table(
        caption,
        ("axis", "incidents", *names, "difference, points", f"only {names[0]}", f"only {names[1]}", "p"),
        tuple(
            (
                of.label(axis),
                Count(c.n),
                Number(c.first, Style.share),
                Number(c.second, Style.share),
                Figure(c.difference, Style.points),
                Count(c.n_only_first),
                Count(c.n_only_second),
                f"{c.p_value:.3f}" if c.p_value >= 0.001 else "under 0.001",
            )
            for axis, c in found.items()
        ),
        counted=1,
        chart=Chart(Kind.intervals, (4,), 0),
        note="Only: incidents on which that one alone is right. p: McNemar's exact test of them; under 0.05, chance "
        "would rarely show such a difference.",
    )
