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
        f"Review {shown:,}: at most about ",
        Figure(found.at_most(shown), Style.whole),
        " of them look like slips: a code as unlike its narrative as one swapped by accident. ",
        *([] if not found.wrong else _most_wrong(found, taxonomy)),
    )
    sections = (
        Section("What a review would bring", tuple(_bounds(found))),
        Section("Each axis", (_axes(found, taxonomy),)),
        Section("The codings to look at", (_listed(found, taxonomy, shown),), is_internal=True),
        Section("Method and limits", (_method(),)),
    )
    facts: tuple[tuple[str, Cell], ...] = (("Taxonomy", taxonomy.name), ("Codings, one an axis", Count(found.n)))
    return Document("Codes worth a second look", made, facts, verdict, sections)


def _most_wrong(found: Suspects, taxonomy: Taxonomy) -> list[Cell]:
    axis = max(found.wrong, key=lambda axis: found.at_most_on(axis).value)
    return [
        f"The axis with most of them is {taxonomy.axis[axis].label}: at most about ",
        Figure(found.at_most_on(axis), Style.share),
        " of its codings.",
    ]


def _bounds(found: Suspects) -> Iterator[Block]:
    yield Table(
        "Codings reviewed, the most suspect first, and slips among them",
        ("reviewed", "slips, at most about", "of those reviewed"),
        tuple(
            (f"{n:,}", Figure(slips, Style.whole), Number(slips.value / n, Style.share))
            for n in _STEPS
            if n <= found.n
            for slips in (found.at_most(n),)
        ),
        chart=Chart(Kind.lines, (1,), low=0),
        note="In brackets, how far the figure itself and chance may be off, 95%.",
    )


def _axes(found: Suspects, taxonomy: Taxonomy) -> Table:
    return Table(
        "Share of codings that look like slips",
        ("axis", "codings", "slips, at most about"),
        tuple(
            (
                taxonomy.axis[axis].label,
                Count(sum(suspect.axis == axis for suspect in found.ranked)),
                Figure(found.at_most_on(axis), Style.share),
            )
            for axis in found.wrong
        ),
        counted=1,
        chart=Chart(Kind.intervals, (2,), low=0),
    )


def _listed(found: Suspects, taxonomy: Taxonomy, most: int) -> Table:
    return Table(
        f"The first {most:,}",
        ("incident", "axis", "coded", "rather", "a slip, at most", "why"),
        tuple(
            (
                suspect.id,
                taxonomy.axis[suspect.axis].label,
                ", ".join(suspect.given),
                suspect.instead,
                Number(suspect.p_slip, Style.share),
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
                "How many are slips is a bound and no forecast: codings as suspicious as most swapped ones can hardly "
                "hold more slips than that, but they may be right. On an axis that the words do not settle, or with "
                "codes that few incidents have, many of them are.",
            ),
            (
                "It says nothing of codes over which people differ. A wrong code that reads like the right one is not "
                "found, and two coders who read the same words may choose apart on any of these codings. Only coding "
                "twice shows how often they do: see the audit.",
            ),
            ("Nothing is changed by this report. A coder reads the narrative and decides.",),
        )
    )
