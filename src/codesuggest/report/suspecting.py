"""Suspect codes as a report: what to look at again, and how much of it will change."""

from collections.abc import Iterator

from codesuggest.audit.suspects import Suspects
from codesuggest.domain import Taxonomy
from codesuggest.report.document import (
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
    Style,
    Table,
)

_STEPS = (10, 20, 50, 100, 200, 500, 1000)


def suspects_document(found: Suspects, taxonomy: Taxonomy, *, made: str, most: int = 100) -> Document:
    """The report of an archive's suspect codes, the first `most` of them listed."""
    shown = min(most, found.n)
    verdict: tuple[Cell, ...] = (
        f"Review {shown:,}, expect about ",
        Figure(found.expected(shown), Style.whole),
        " changes. ",
        *([] if not found.wrong else _most_wrong(found, taxonomy)),
    )
    sections = (
        Section("What a review would bring", tuple(_expected(found))),
        Section("Each axis", (_axes(found, taxonomy),)),
        Section("The codings to look at", (_listed(found, taxonomy, shown),), is_internal=True),
        Section("Method and limits", (_method(),)),
    )
    facts: tuple[tuple[str, Cell], ...] = (("Taxonomy", taxonomy.name), ("Codings, one an axis", Count(found.n)))
    return Document("Codes worth a second look", made, facts, verdict, sections)


def _most_wrong(found: Suspects, taxonomy: Taxonomy) -> list[Cell]:
    axis = max(found.wrong, key=lambda axis: found.wrong[axis].value)
    return [
        f"Look at {taxonomy.axis[axis].label} first: ",
        Figure(found.wrong[axis], Style.share),
        " of its codings are estimated to be wrong.",
    ]


def _expected(found: Suspects) -> Iterator[Block]:
    yield Table(
        "Codings reviewed, the most suspect first, and changes expected",
        ("reviewed", "changes expected", "of those reviewed"),
        tuple(
            (f"{n:,}", Figure(expected, Style.whole), Number(expected.value / n, Style.share))
            for n in _STEPS
            if n <= found.n
            for expected in (found.expected(n),)
        ),
        chart=Chart(Kind.lines, (1,), low=0),
        note="In brackets, how far the estimate itself and chance may be off, 95%.",
    )


def _axes(found: Suspects, taxonomy: Taxonomy) -> Table:
    return Table(
        "Share of codings estimated to be wrong",
        ("axis", "codings", "wrong, estimated"),
        tuple(
            (
                taxonomy.axis[axis].label,
                Count(sum(suspect.axis == axis for suspect in found.ranked)),
                Figure(share, Style.share),
            )
            for axis, share in found.wrong.items()
        ),
        counted=1,
        chart=Chart(Kind.intervals, (2,), low=0),
    )


def _listed(found: Suspects, taxonomy: Taxonomy, most: int) -> Table:
    return Table(
        f"The first {most:,}",
        ("incident", "axis", "coded", "rather", "would change", "why"),
        tuple(
            (
                suspect.id,
                taxonomy.axis[suspect.axis].label,
                ", ".join(suspect.given),
                suspect.instead,
                Number(suspect.p_change, Style.share),
                "; ".join(suspect.reasons),
            )
            for suspect in found.ranked[:most]
        ),
    )


def _method() -> Points:
    return Points(
        (
            (
                "Each coding is set against a model that never saw it, and against the most similar narratives; beside "
                "it stand the same codings with a code swapped at random, which teaches what an error looks like.",
            ),
            (
                "The changes expected hold for errors like random swaps. Errors that read like the truth are not "
                "found; on an axis that the text does not settle the estimate can be well off either way.",
            ),
            ("Nothing is changed by this report. A coder reads the narrative and decides.",),
        )
    )
