"""One report, whatever it is printed as: a verdict, sections, tables with figures, and cells that know themselves.

Every number is a cell, in prose too. It is worded once, here, so that HTML, Markdown and JSON cannot differ, and it
knows the count that it stands on, so that small ones can be withheld.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from codesuggest.metrics import Estimate

NONE = "–"
"""A cell that has nothing to say."""


class Style(StrEnum):
    """How a number is worded."""

    share = "share"
    points = "points"
    plain = "plain"
    rank = "rank"
    whole = "whole"


@dataclass(frozen=True, slots=True)
class Count:
    """How many: of incidents, codings, differences. What small numbers are withheld by."""

    n: float


@dataclass(frozen=True, slots=True)
class Share:
    """`n` of `of`, as a percentage."""

    n: float
    of: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95% interval. `mark`: a sign behind it, which a note explains."""

    estimate: Estimate
    style: Style = Style.plain
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure without an interval."""

    value: float
    style: Style = Style.plain


@dataclass(frozen=True, slots=True)
class Withheld:
    """What would let somebody be recognised: it stands on fewer than `under`."""

    under: int


Cell = str | Count | Share | Figure | Number | Withheld
Words = tuple[Cell, ...]
"""A sentence or more: words with cells among them."""


class Kind(StrEnum):
    """What a table is drawn as: a figure above it, or shades of its own cells, the darker the larger."""

    intervals = "intervals"
    lines = "lines"
    shades = "shades"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of a table's own cells: the columns named, against the first.

    reference  a line to compare with: a floor, or no difference.
    """

    kind: Kind
    columns: tuple[int, ...] = (1,)
    reference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head, with a caption that says what is seen.

    counted  the column with the count that the row's other figures stand on; None: the cells stand for themselves.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    counted: int | None = None
    chart: Chart | None = None
    note: str = ""

    @property
    def trimmed(self) -> "Table":
        """The table without the columns that say nothing in any row."""
        used = [i for i in range(len(self.head)) if not self.rows or any(row[i] != NONE for row in self.rows)]
        place = {old: new for new, old in enumerate(used)}
        chart = self.chart
        if chart:
            chart = replace(chart, columns=tuple(place[i] for i in chart.columns if i in place))
        return replace(
            self,
            head=tuple(self.head[i] for i in used),
            rows=tuple(tuple(row[i] for i in used) for row in self.rows),
            counted=None if self.counted is None else place.get(self.counted),
            chart=chart if chart and chart.columns else None,
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """A redacted narrative, or aside and smaller the guidelines' words."""

    text: str = field(repr=False)
    source: str = ""
    is_aside: bool = False


@dataclass(frozen=True, slots=True)
class Blank:
    """Something to be filled in by hand."""

    label: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list."""

    items: tuple[Words, ...]


Block = Words | Table | Quote | Blank | Points


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it. `is_internal`: about single incidents or people, never to leave."""

    title: str
    blocks: tuple[Block, ...]
    is_internal: bool = False

    @property
    def anchor(self) -> str:
        """The section's name in links."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.casefold()).split())


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report: the verdict first, method and limits last."""

    title: str
    made: str
    facts: tuple[tuple[str, Cell], ...]
    verdict: Words
    sections: tuple[Section, ...]
    note: str = ""


def worded(cell: Cell) -> str:
    """A cell as every form of the report shows it."""
    match cell:
        case str():
            return cell
        case Count(n):
            return f"{n:,.0f}" if float(n).is_integer() else f"{n:,.1f}"
        case Share(n, of):
            return f"{n / of:.0%}" if of else NONE
        case Withheld(under):
            return f"under {under}"
        case Number(value, style):
            return _number(value, style)
        case Figure(estimate, style, mark):
            return f"{_figure(estimate, style)} {mark}".rstrip()


def sentence(words: Words) -> str:
    """Words and cells as running text."""
    return "".join(worded(cell) for cell in words)


def _number(value: float, style: Style) -> str:
    if math.isnan(value):
        return "not defined"
    return {
        Style.share: f"{value:.0%}",
        Style.points: f"{round(value * 100) + 0:+d}",
        Style.plain: f"{round(value, 2) + 0:.2f}",
        Style.rank: f"{value:.1f}",
        Style.whole: f"{value:,.0f}",
    }[style]


def _figure(estimate: Estimate, style: Style) -> str:
    if math.isnan(estimate.value) or math.isnan(estimate.low):
        return _number(estimate.value, style)
    value, low, high = (_number(v, style) for v in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low.removesuffix('%')} to {high})"


def impersonal(document: Document) -> Document:
    """The report without its sections about single incidents or people."""
    sections = tuple(section for section in document.sections if not section.is_internal)
    note = document.note or "Single incidents and people are left out."
    return document if len(sections) == len(document.sections) else replace(document, sections=sections, note=note)


def suppressed(document: Document, *, under: int) -> Document:
    """The report as it may leave the department: counts from 1 to `under` - 1 are withheld, and what stands on them.

    Where one row alone of a table would be withheld, the next smallest is too, so that it cannot be worked out from a
    total; sections about single incidents or people are left out.
    """
    sections = tuple(
        replace(section, blocks=tuple(_suppressed_block(block, under) for block in section.blocks))
        for section in impersonal(document).sections
    )
    return replace(
        document,
        facts=tuple((label, _suppressed_cell(cell, under)) for label, cell in document.facts),
        verdict=_suppressed_words(document.verdict, under),
        sections=sections,
        note=f"Counts under {under}, and figures that stand on them, are withheld; single incidents are left out.",
    )


def _suppressed_block(block: Block, under: int) -> Block:
    if isinstance(block, Table) and block.chart and block.chart.kind is Kind.shades:
        return replace(block, rows=_suppressed_grid(block.rows, under))
    if isinstance(block, Table):
        return replace(block, rows=tuple(_suppressed_rows(block, under)))
    if isinstance(block, Points):
        return Points(tuple(_suppressed_words(item, under) for item in block.items))
    return _suppressed_words(block, under) if isinstance(block, tuple) else block


def _suppressed_words(words: Words, under: int) -> Words:
    return tuple(_suppressed_cell(cell, under) for cell in words)


def _suppressed_rows(table: Table, under: int) -> Iterator[tuple[Cell, ...]]:
    column = table.counted
    hidden = set() if column is None else _hidden([row[column] for row in table.rows], under)
    for number, row in enumerate(table.rows):
        if number in hidden:
            yield tuple(cell if isinstance(cell, str) else Withheld(under) for cell in row)
        else:
            yield tuple(_suppressed_cell(cell, under) for cell in row)


def _suppressed_grid(rows: tuple[tuple[Cell, ...], ...], under: int) -> tuple[tuple[Cell, ...], ...]:
    """A table of counts by row and by column: no cell is withheld alone in its row or column, whose sums may stand
    elsewhere; the next smallest is withheld too."""
    grid = [list(row) for row in rows]
    hidden = {(y, x) for y, row in enumerate(grid) for x, cell in enumerate(row) if _is_small(cell, under)}
    lines = [[(y, x) for x in range(len(row))] for y, row in enumerate(grid)]
    lines += [[(y, x) for y, row in enumerate(grid) if x < len(row)] for x in range(max(map(len, grid), default=0))]
    more = True
    while more:
        more = False
        for line in lines:
            counts = [(c.n, place) for place in line if isinstance(c := grid[place[0]][place[1]], Count) and c.n]
            shown = [count for count in counts if count[1] not in hidden]
            if shown and len(counts) - len(shown) == 1:
                hidden.add(min(shown)[1])
                more = True
    return tuple(
        tuple(Withheld(under) if (y, x) in hidden else cell for x, cell in enumerate(row)) for y, row in enumerate(grid)
    )


def _is_small(cell: Cell, under: int) -> bool:
    return isinstance(cell, Count | Share) and 0 < cell.n < under


def _hidden(counts: Sequence[Cell], under: int) -> set[int]:
    """The rows to withhold: those of small counts, and never one alone."""
    known = sorted((cell.n, number) for number, cell in enumerate(counts) if isinstance(cell, Count) and cell.n > 0)
    small = {number for n, number in known if n < under}
    return {number for _, number in known[:2]} if len(small) == 1 else small


def _suppressed_cell(cell: Cell, under: int) -> Cell:
    return Withheld(under) if _is_small(cell, under) else cell
