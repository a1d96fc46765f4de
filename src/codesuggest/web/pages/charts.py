"""The geometry of charts, in pixels: templates draw it as SVG beside the same figures in a table."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_WIDTH, _HEIGHT = 600, 120
_ROW_HEIGHT = 28


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its left edge, top, width and height, and what it counts."""

    x: float
    y: float
    width: float
    height: float
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in one row, and the size of the drawing."""

    bars: tuple[Bar, ...]
    width: int = _WIDTH
    height: int = _HEIGHT


@dataclass(frozen=True, slots=True)
class Multiples:
    """A small chart a code, all on one scale. `columns` are the months, sites or modalities, in order."""

    columns: tuple[str, ...]
    rows: Mapping[str, Chart]


def weekly(counts: Mapping[str, int]) -> Chart:
    """Counts by week (Mondays as ISO dates), weeks without any included."""
    days = [dt.date.fromisoformat(day) for day in counts]
    weeks = (
        []
        if not days
        else [(min(days) + dt.timedelta(days=7 * n)).isoformat() for n in range((max(days) - min(days)).days // 7 + 1)]
    )
    return Chart(_bars([(week, counts.get(week, 0)) for week in weeks], max(counts.values(), default=1), _HEIGHT))


def small_multiples(table: Mapping[str, Mapping[str, int]]) -> Multiples:
    """Code to counts by column, as one small chart a code, the commonest code first."""
    columns = tuple(sorted({column for counts in table.values() for column in counts}))
    most = max((n for counts in table.values() for n in counts.values()), default=1)
    ordered = sorted(table, key=lambda code: (-sum(table[code].values()), code))
    return Multiples(
        columns,
        {
            code: Chart(
                _bars([(column, table[code].get(column, 0)) for column in columns], most, _ROW_HEIGHT),
                height=_ROW_HEIGHT,
            )
            for code in ordered
        },
    )


def _bars(counts: Iterable[tuple[str, int]], most: int, height: int) -> tuple[Bar, ...]:
    pairs = list(counts)
    step = _WIDTH / max(len(pairs), 8)
    return tuple(
        Bar(
            round(n * step, 1),
            round(height - height * count / most, 1),
            round(step * 0.8, 1),
            round(height * count / most, 1),
            label,
            count,
        )
        for n, (label, count) in enumerate(pairs)
    )
