"""The agenda of a coders' meeting, to be printed and written on."""

from collections.abc import Iterator, Mapping, Sequence

from codesuggest.audit.agenda import Disagreement
from codesuggest.audit.differences import NOTHING
from codesuggest.domain import RedactedText, SuggestedIncident, Taxonomy
from codesuggest.report.document import (
    NONE,
    Blank,
    Block,
    Cell,
    Count,
    Document,
    Number,
    Points,
    Quote,
    Section,
    Style,
    Table,
)
from codesuggest.taxonomy import worded


def agenda_document(  # noqa: PLR0913  what an agenda is made of
    chosen: Sequence[Disagreement],
    taxonomy: Taxonomy,
    *,
    made: str,
    narratives: Mapping[str, RedactedText],
    suggested: Mapping[str, SuggestedIncident],
    guidelines: Mapping[str, str],
    are_named: bool = False,
) -> Document:
    """An item a disagreement: the redacted narrative, who coded what, the model's view, the guidelines' words.

    guidelines  code to what they say of it; the taxonomy's definition stands in where they say nothing.
    """
    sections = [
        Section(
            f"Incident {item.incident}: {', '.join(taxonomy.axis[axis].label.casefold() for axis in item.codes)}",
            tuple(_item(item, taxonomy, narratives, suggested, guidelines, are_named)),
            is_internal=True,
        )
        for item in chosen
    ]
    covered = sum({kind: n for item in chosen for kind, n in item.kinds.items()}.values())
    facts: tuple[tuple[str, Cell], ...] = (("Taxonomy", taxonomy.name), ("Items", Count(len(chosen))))
    verdict: tuple[Cell, ...] = (
        Count(len(chosen)),
        f" disagreement{'' if len(chosen) == 1 else 's'}, chosen to stand for as many others as possible: times that "
        "the same differences occur in the audit: ",
        Count(covered),
        ". Decide each, and where it will come again, write the rule.",
    )
    return Document("Coding meeting", made, facts, verdict, (*sections, Section("Method and limits", (_method(),))))


def _item(
    item: Disagreement,
    taxonomy: Taxonomy,
    narratives: Mapping[str, RedactedText],
    suggested: Mapping[str, SuggestedIncident],
    guidelines: Mapping[str, str],
    are_named: bool,  # noqa: FBT001
) -> Iterator[Block]:
    yield Quote(narratives.get(item.incident, "The narrative was not given to this report."), "redacted")
    coders = sorted({coder for by_coder in item.codes.values() for coder in by_coder})
    names = coders if are_named else [f"coder {_lettered(number)}" for number in range(len(coders))]
    view = suggested.get(item.incident)
    rows: list[tuple[Cell, ...]] = []
    for axis, by_coder in item.codes.items():
        given = [_codes(taxonomy, axis, sorted(by_coder[c])) if c in by_coder else NONE for c in coders]
        rows.append((taxonomy.axis[axis].label, *given, *_view(view, taxonomy, axis)))
    yield Table("Who coded what", ("axis", *names, "the model", "score", "or"), tuple(rows)).trimmed
    disputed = {code: axis for (axis, *pair) in item.kinds for code in pair if code != NOTHING}
    for code, axis in disputed.items():
        if words := guidelines.get(code) or worded(taxonomy, axis, code).definition:
            yield Quote(words, f"the guidelines on {code}", is_aside=True)
    yield Blank("Decided, and why")
    yield Blank("Rule for the guidelines, if it will come again")


def _lettered(number: int) -> str:
    """A to Z, then AA, AB and so on, as the columns of a spreadsheet are named."""
    before, last = divmod(number, 26)
    return (_lettered(before - 1) if before else "") + chr(ord("A") + last)


def _view(view: SuggestedIncident | None, taxonomy: Taxonomy, axis: str) -> tuple[Cell, ...]:
    """The model's first code with its score, and its second."""
    ranked = view.axes.get(axis, ()) if view else ()
    codes = [_codes(taxonomy, axis, [suggestion.code]) for suggestion in ranked[:2]] + [NONE, NONE]
    return codes[0], Number(ranked[0].score, Style.share) if ranked else NONE, codes[1]


def _codes(taxonomy: Taxonomy, axis: str, codes: Sequence[str]) -> str:
    named = [code if taxonomy.label(axis, code) == code else f"{code} {taxonomy.label(axis, code)}" for code in codes]
    return "; ".join(named) or "no code"


def _method() -> Points:
    return Points(
        (
            (
                "An item is worth the number of incidents that have the same difference, less and less the more often "
                "that difference is on the agenda already.",
            ),
            ("The model's view is what words like these were coded in the past, not an argument.",),
            (
                "Record each outcome: on the page, under disagreements, or all at once with `codesuggest adjudicate` "
                "(a line of JSON each: id, codes, reason). An incident that is settled is not put on an agenda again.",
            ),
        )
    )
