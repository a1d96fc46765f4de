"""A table drawn as SVG: dots with intervals, lines, or a heat map. Plain shapes and text, no script, no style sheet."""

import math
from collections.abc import Sequence
from html import escape

from codesuggest.report.document import Cell, Chart, Count, Figure, Kind, Number, Share, Table, worded

_COLOURS = ("#005eb8", "#d5281b", "#007f3b", "#7c2855", "#425563", "#ed8b00")
_INK, _FAINT = "#212b32", "#d8dde0"
_WIDTH, _ROW, _TOP = 760, 26, 34


def figure(table: Table) -> str:
    """The SVG of a table's chart, or nothing where fewer than two of its cells can be drawn."""
    if table.chart is None:
        return ""
    if table.chart.kind is Kind.heat:
        return _heat(table)
    values = [v for row in table.rows for c in table.chart.columns for v in _values(row[c])]
    if len(values) < 2:
        return ""
    return (_intervals if table.chart.kind is Kind.intervals else _lines)(
        table, table.chart, _Scale(table.chart, values)
    )


class _Scale:
    """A linear scale with a few round ticks, from values to pixels."""

    def __init__(self, chart: Chart, values: Sequence[float]) -> None:
        marks = [*values, *([chart.reference] if chart.reference is not None else [])]
        low = min(marks) if chart.low is None else min(chart.low, *marks)
        high = max(marks) if chart.high is None else max(chart.high, *marks)
        span = (high - low) or 1
        step = 10 ** math.floor(math.log10(span))
        step *= next(f for f in (0.1, 0.2, 0.5, 1, 2) if span / (step * f) <= 6)
        self.low, self.high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        n = round((self.high - self.low) / step)
        self.ticks = [self.low + i * step for i in range(n + 1)]
        self.decimals = max(0, -math.floor(math.log10(step) + 1e-9))

    def at(self, value: float, start: float, end: float) -> float:
        return float(start + (value - self.low) / ((self.high - self.low) or 1) * (end - start))

    def label(self, tick: float, *, is_share: bool) -> str:
        return f"{tick:.0%}" if is_share else f"{tick:.{self.decimals}f}"


def _intervals(table: Table, chart: Chart, scale: _Scale) -> str:
    """A row a label; a dot a column, with its interval."""
    left = min(300, 24 + 7.6 * max(len(_label(row)) for row in table.rows))
    right, several = _WIDTH - 16, len(chart.columns)
    height = _ROW * max(1, 0.62 * several) if several > 1 else _ROW
    bottom = _TOP + height * len(table.rows)
    parts = list(_axis(table, chart, scale, (left, right), bottom, is_vertical=False))
    for number, row in enumerate(table.rows):
        middle = _TOP + height * (number + 0.5)
        parts.append(_text(left - 10, middle + 4, _clipped(_label(row)), anchor="end"))
        for which, column in enumerate(chart.columns):
            y = middle + (which - (several - 1) / 2) * 11
            parts += _dot(row[column], scale, (left, right), y, _COLOURS[which % len(_COLOURS)])
    return _svg(table, parts, bottom + 30 + 20 * (several > 1), _legend(table, chart, bottom + 40))


def _lines(table: Table, chart: Chart, scale: _Scale) -> str:
    """A line a column, over the rows in order, with the interval as a band."""
    left, right, bottom = 56.0, _WIDTH - 24.0, 280.0
    n = max(1, len(table.rows) - 1)
    places = [left + (right - left) * i / n for i in range(len(table.rows))]
    parts = list(_axis(table, chart, scale, (left, right), bottom, is_vertical=True))
    every = max(1, math.ceil(len(places) / 10))
    for place, row in list(zip(places, table.rows, strict=True))[::every]:
        parts.append(_text(place, bottom + 18, _label(row), anchor="middle"))
    for which, column in enumerate(chart.columns):
        colour = _COLOURS[which % len(_COLOURS)]
        points = [(p, _values(row[column])) for p, row in zip(places, table.rows, strict=True) if _values(row[column])]

        def high(value: float) -> float:
            return scale.at(value, bottom, _TOP)

        if points and len(points[0][1]) == 3:
            edge = [f"{p:.1f},{high(v[2]):.1f}" for p, v in points] + [
                f"{p:.1f},{high(v[1]):.1f}" for p, v in points[::-1]
            ]
            parts.append(f'<polygon points="{" ".join(edge)}" fill="{colour}" fill-opacity="0.13"/>')
        line = " ".join(f"{p:.1f},{high(v[0]):.1f}" for p, v in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{p:.1f}" cy="{high(v[0]):.1f}" r="3.5" fill="{colour}"/>' for p, v in points]
    return _svg(table, parts, bottom + 34 + 20 * (len(chart.columns) > 1), _legend(table, chart, bottom + 46))


def _heat(table: Table) -> str:
    """A square a cell, the darker the larger its number; the number stands in it."""
    columns = len(table.head) - 1
    left = min(230, 24 + 8.4 * max(len(_label(row)) for row in table.rows))
    size = min(52.0, (_WIDTH - left - 12) / max(columns, 1))
    top = 20 + min(130, 6.4 * max(len(name) for name in table.head[1:]))
    largest = max((_values(cell) or (0.0,))[0] for row in table.rows for cell in row[1:]) or 1
    parts = []
    for x, name in enumerate(table.head[1:]):
        at = left + size * (x + 0.5) + 4
        parts.append(_text(at, top - 6, _clipped(name, 20), anchor="start", turn=f"rotate(-60 {at:.1f} {top - 6:.1f})"))
    for y, row in enumerate(table.rows):
        parts.append(_text(left - 8, top + size * (y + 0.5) + 4, _clipped(_label(row), 30), anchor="end"))
        for x, cell in enumerate(row[1:]):
            value = (_values(cell) or (0.0,))[0]
            shade = value / largest
            box = f'x="{left + size * x:.1f}" y="{top + size * y:.1f}" width="{size - 2:.1f}" height="{size - 2:.1f}"'
            parts.append(f'<rect {box} fill="#005eb8" fill-opacity="{0.06 + 0.94 * shade:.2f}"/>')
            if value and size > 22:
                colour = "#ffffff" if shade > 0.45 else _INK
                place = left + size * (x + 0.5) - 1, top + size * (y + 0.5) + 3
                parts.append(_text(*place, worded(cell), anchor="middle", colour=colour, size=11))
    return _svg(table, parts, top + size * len(table.rows) + 8, [])


def _axis(
    table: Table, chart: Chart, scale: _Scale, across: tuple[float, float], bottom: float, *, is_vertical: bool
) -> list[str]:
    is_share = all(_is_share(row[c]) for row in table.rows for c in chart.columns if _values(row[c]))
    parts = []
    for tick in scale.ticks:
        label = scale.label(tick, is_share=is_share)
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
    values = _values(cell)
    if not values:
        return []
    x = scale.at(values[0], *across)
    parts = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>']
    if len(values) == 3:
        parts.insert(0, _line(scale.at(values[1], *across), y, scale.at(values[2], *across), y, colour, width=2.5))
    return parts


def _legend(table: Table, chart: Chart, y: float) -> list[str]:
    if len(chart.columns) < 2:
        return []
    parts, x = [], 60.0
    for which, column in enumerate(chart.columns):
        parts.append(f'<circle cx="{x:.0f}" cy="{y - 4:.0f}" r="5" fill="{_COLOURS[which % len(_COLOURS)]}"/>')
        parts.append(_text(x + 12, y, table.head[column], anchor="start"))
        x += 40 + 7.4 * len(table.head[column])
    return parts


def _svg(table: Table, parts: Sequence[str], height: float, legend: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'font-family="Arial, sans-serif"><title>{escape(table.caption)}</title>'
        f"<desc>Drawn from the table that follows.</desc>{''.join((*parts, *legend))}</svg>"
    )


def _line(  # noqa: PLR0913  the parts of a line
    x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str = ""
) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _text(  # noqa: PLR0913  the parts of a label
    x: float, y: float, words: str, *, anchor: str, colour: str = _INK, size: int = 13, turn: str = ""
) -> str:
    turned = f' transform="{turn}"' if turn else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f"<text {place}{turned}>{escape(words)}</text>"


def _label(row: Sequence[Cell]) -> str:
    return worded(row[0])


def _clipped(words: str, most: int = 38) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _is_share(cell: Cell) -> bool:
    return isinstance(cell, Share) or (isinstance(cell, Figure | Number) and cell.style in ("share", "points"))


def _values(cell: Cell) -> tuple[float, ...]:
    """The value, or the value with the ends of its interval; nothing where there is no number to draw."""
    match cell:
        case Count(n):
            return (float(n),)
        case Share(n, of):
            return (n / of,) if of else ()
        case Number(value, _):
            return () if math.isnan(value) else (value,)
        case Figure(e, _):
            if math.isnan(e.value):
                return ()
            return (e.value,) if math.isnan(e.low) else (e.value, e.low, e.high)
        case _:
            return ()
