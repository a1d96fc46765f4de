"""A table drawn as SVG: dots with intervals, or lines. Plain shapes and text, no script, no style sheet.

Every figure is drawn twice, for a wide page and for a phone, where labels stand above their row.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape

from codesuggest.report.document import Cell, Chart, Count, Figure, Kind, Number, Share, Style, Table, worded

_COLOURS = ("#005eb8", "#d5281b", "#007f3b", "#7c2855", "#425563", "#ed8b00")
_INK, _FAINT = "#212b32", "#d8dde0"
_ROW, _TOP = 26, 34
WIDE, NARROW = 760, 340
_MOST_BANDS = 2
"""Lines with bands that can be told apart."""


def figure(table: Table, width: int = WIDE) -> str:
    """The SVG of a table's chart, or nothing where fewer than two of its cells can be drawn."""
    if table.chart is None or table.chart.kind is Kind.shades:
        return ""
    values = [v for row in table.rows for c in table.chart.columns for v in values_of(row[c])]
    if len(values) < 2:
        return ""
    draw = _intervals if table.chart.kind is Kind.intervals else _lines
    return draw(table, table.chart, _Scale(table.chart, values, 6 if width == WIDE else 4), width)


class _Scale:
    """A linear scale with a few round ticks, from values to pixels."""

    def __init__(self, chart: Chart, values: Sequence[float], most_ticks: int) -> None:
        marks = [*values, *([chart.reference] if chart.reference is not None else [])]
        low = min(marks) if chart.low is None else min(chart.low, *marks)
        high = max(marks) if chart.high is None else max(chart.high, *marks)
        span = (high - low) or 1
        step = 10 ** math.floor(math.log10(span))
        step *= next(f for f in (0.1, 0.2, 0.5, 1, 2, 5) if span / (step * f) <= most_ticks)
        self.low, self.high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        n = round((self.high - self.low) / step)
        self.ticks = [self.low + i * step for i in range(n + 1)]
        self.decimals = max(0, -math.floor(math.log10(step) + 1e-9))

    def at(self, value: float, start: float, end: float) -> float:
        return float(start + (value - self.low) / ((self.high - self.low) or 1) * (end - start))

    def label(self, tick: float, style: Style) -> str:
        if style is Style.points:
            return f"{tick * 100 + 0:+.0f}"
        return f"{tick:.0%}" if style is Style.share else f"{tick:.{self.decimals}f}"


def _intervals(table: Table, chart: Chart, scale: _Scale, width: int) -> str:
    """A row a label; a dot a column, with its interval."""
    is_wide, several = width == WIDE, len(chart.columns)
    left = min(330.0, 24 + 7.4 * max(len(_label(row)) for row in table.rows)) if is_wide else 16.0
    right = width - 20.0
    above = 0 if is_wide else 18
    height = above + (_ROW * max(1.0, 0.62 * several) if several > 1 else _ROW)
    bottom = _TOP + height * len(table.rows)
    parts = list(_axis(table, chart, scale, (left, right), bottom, is_vertical=False))
    for number, row in enumerate(table.rows):
        top = _TOP + height * number
        middle = top + above + (height - above) / 2
        if is_wide:
            parts.append(_text(left - 10, middle + 4, _clipped(_label(row)), anchor="end"))
        else:
            parts.append(_text(left, top + 16, _clipped(_label(row), 44), anchor="start"))
        for which, column in enumerate(chart.columns):
            y = middle + (which - (several - 1) / 2) * 11
            parts += _dot(row[column], scale, (left, right), y, _COLOURS[which % len(_COLOURS)])
    return _svg(table, parts, bottom + 30, width)


def _lines(table: Table, chart: Chart, scale: _Scale, width: int) -> str:
    """A line a column, over the rows in order, with the interval as a band."""
    left, right, bottom = (56.0, width - 24.0, 280.0) if width == WIDE else (42.0, width - 18.0, 240.0)
    n = max(1, len(table.rows) - 1)
    places = [left + (right - left) * i / n for i in range(len(table.rows))]
    parts = list(_axis(table, chart, scale, (left, right), bottom, is_vertical=True))
    every = max(1, math.ceil(len(places) / (10 if width == WIDE else 5)))
    for place, row in list(zip(places, table.rows, strict=True))[::every]:
        parts.append(_text(place, bottom + 18, _label(row), anchor="middle"))
    for which, column in enumerate(chart.columns):
        colour = _COLOURS[which % len(_COLOURS)]
        drawn = [(place, values_of(row[column])) for place, row in zip(places, table.rows, strict=True)]
        keep = 3 if len(chart.columns) <= _MOST_BANDS else 1
        parts += _line_of([(place, found[:keep]) for place, found in drawn if found], scale, bottom, colour)
    return _svg(table, parts, bottom + 34, width)


def _line_of(
    points: Sequence[tuple[float, tuple[float, ...]]], scale: _Scale, bottom: float, colour: str
) -> Iterator[str]:
    """A line through points, each a place and a value, with a band where they have intervals."""

    def high(value: float) -> float:
        return scale.at(value, bottom, _TOP)

    if points and len(points[0][1]) == 3:
        edge = [f"{p:.1f},{high(v[2]):.1f}" for p, v in points] + [
            f"{p:.1f},{high(v[1]):.1f}" for p, v in points[::-1] if len(v) == 3
        ]
        yield f'<polygon points="{" ".join(edge)}" fill="{colour}" fill-opacity="0.13"/>'
    line = " ".join(f"{p:.1f},{high(v[0]):.1f}" for p, v in points)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    for p, v in points:
        yield f'<circle cx="{p:.1f}" cy="{high(v[0]):.1f}" r="3.5" fill="{colour}"/>'


def _axis(
    table: Table, chart: Chart, scale: _Scale, across: tuple[float, float], bottom: float, *, is_vertical: bool
) -> list[str]:
    styles = {_style(row[c]) for row in table.rows for c in chart.columns if values_of(row[c])}
    style = styles.pop() if len(styles) == 1 else Style.plain
    parts = []
    for tick in scale.ticks:
        label = scale.label(tick, style)
        if is_vertical:
            y = scale.at(tick, bottom, _TOP)
            parts += [_line(across[0], y, across[1], y, _FAINT), _text(across[0] - 8, y + 4, label, anchor="end")]
        else:
            x = scale.at(tick, *across)
            parts += [_line(x, _TOP - 6, x, bottom, _FAINT), _text(x, bottom + 18, label, anchor="middle")]
    if chart.reference is not None:
        at = scale.at(chart.reference, bottom, _TOP) if is_vertical else scale.at(chart.reference, *across)
        x1, y1, x2, y2 = (across[0], at, across[1], at) if is_vertical else (at, _TOP - 6, at, bottom)
        parts.append(_line(x1, y1, x2, y2, _INK, dash="5 4"))
    return parts


def _dot(cell: Cell, scale: _Scale, across: tuple[float, float], y: float, colour: str) -> list[str]:
    values = values_of(cell)
    if not values:
        return []
    x = scale.at(values[0], *across)
    parts = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>']
    if len(values) == 3:
        parts.insert(0, _line(scale.at(values[1], *across), y, scale.at(values[2], *across), y, colour, width=2.5))
    return parts


def _legend(table: Table, width: int, top: float) -> tuple[list[str], float]:
    """A name a colour, on as many lines as they need, and how high that is."""
    columns = table.chart.columns if table.chart else ()
    if len(columns) < 2:
        return [], 0
    parts: list[str] = []
    x, y = 12.0, top + 14
    for which, column in enumerate(columns):
        wide = 40 + 7.4 * len(table.head[column])
        if x > 12 and x + wide > width:
            x, y = 12.0, y + 22
        parts.append(f'<circle cx="{x:.0f}" cy="{y - 4:.0f}" r="5" fill="{_COLOURS[which % len(_COLOURS)]}"/>')
        parts.append(_text(x + 12, y, table.head[column], anchor="start"))
        x += wide
    return parts, y - top + 10


def _svg(table: Table, parts: Sequence[str], height: float, width: int) -> str:
    legend, more = _legend(table, width, height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + more:.0f}" role="img" '
        f'font-family="Arial, sans-serif"><title>{escape(table.caption)}</title>'
        f"<desc>Drawn from the table that follows.</desc>{''.join((*parts, *legend))}</svg>"
    )


def _line(  # noqa: PLR0913  the parts of a line
    x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str = ""
) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _text(x: float, y: float, words: str, *, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="13" fill="{_INK}"'
    return f"<text {place}>{escape(words)}</text>"


def _label(row: Sequence[Cell]) -> str:
    return worded(row[0])


def _clipped(words: str, most: int = 48) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _style(cell: Cell) -> Style:
    if isinstance(cell, Share):
        return Style.share
    return cell.style if isinstance(cell, Figure | Number) else Style.plain


def values_of(cell: Cell) -> tuple[float, ...]:
    """The value, or the value with the ends of its interval; nothing where there is no number to draw."""
    match cell:
        case Count(n):
            return (float(n),)
        case Share(n, of):
            return (n / of,) if of else ()
        case Number(value, _):
            return () if math.isnan(value) else (value,)
        case Figure(e):
            if math.isnan(e.value):
                return ()
            return (e.value,) if math.isnan(e.low) else (e.value, e.low, e.high)
        case _:
            return ()
