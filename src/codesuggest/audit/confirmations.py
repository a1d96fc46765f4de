"""What coders decided, one entry a coder, incident and axis: from files, in a form that a database can give too."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codesuggest.agreement import CodeSet
from codesuggest.domain import Taxonomy
from codesuggest.errors import ReadError
from codesuggest.read import Columns, SkippedRow
from codesuggest.read.cells import split_codes
from codesuggest.read.formats import open_rows
from codesuggest.taxonomy.table import taxonomy_from_codings

FIELDS = ("incident", "coder", "axis", "codes", "site", "date", "is_blind", "shown_rank")
"""What a row of the long form may hold; the first four it must."""

_WIDE = {"incident": "id", "date": "reported"}
_YES, _NO = ("true", "yes", "y", "1"), ("false", "no", "n", "0")


@dataclass(frozen=True, slots=True)
class AxisConfirmation:
    """One coder's decision on one axis of one incident.

    codes       empty where the coder decided that no code applies.
    date        when it was decided, as 2026-03-14; empty if not known.
    is_blind    whether it was decided before any suggestion was shown; None if not known.
    shown_rank  the place in the list shown of the best placed code that was taken; None if none was taken from it.
    """

    incident: str
    coder: str
    axis: str
    codes: CodeSet
    site: str = ""
    date: str = ""
    is_blind: bool | None = None
    shown_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Confirmations:
    """All decisions of some files. `n_replaced` were made again later by the same coder: the last one stands."""

    decisions: tuple[AxisConfirmation, ...]
    skipped: tuple[SkippedRow, ...] = ()
    n_replaced: int = 0


def read_confirmations(
    paths: Sequence[Path], columns: Mapping[str, str], taxonomy: Taxonomy | None, *, max_mb: int = 2_000
) -> Confirmations:
    """The decisions in files of the long form (a row a coder, incident and axis) or the wide (JSON Lines with `codes`).

    columns   field to column, where a column has another name than its field. A wide row without a coder is coded by
              the name of its file.
    taxonomy  decides spelling and which codes there are; None: whatever the files hold.
    Raises ReadError if a file cannot be read or lacks a column.
    """
    found: list[AxisConfirmation] = []
    skipped: list[SkippedRow] = []
    for path in paths:
        for number, row in open_rows(path, Columns(), max_mb):
            try:
                found += _decisions(path, row, columns, taxonomy, is_first=not found and not skipped)
            except _RowError as error:
                skipped.append(SkippedRow(number, error.id, error.reason))
    if not found:
        raise ReadError(f"{', '.join(map(str, paths))}: no decision could be read.{_example(skipped)}")
    return collect(found, skipped)


def collect(decisions: Iterable[AxisConfirmation], skipped: Sequence[SkippedRow] = ()) -> Confirmations:
    """Decisions from anywhere: the last of a coder stands, and an incident has one site and date for all its coders."""
    last: dict[tuple[str, str, str], AxisConfirmation] = {}
    sites: dict[str, str] = {}
    dates: dict[str, str] = {}
    n = 0
    for decision in decisions:
        n += 1
        last[decision.incident, decision.coder, decision.axis] = decision
        if decision.site:
            sites.setdefault(decision.incident, decision.site)
        if decision.date:
            dates.setdefault(decision.incident, decision.date)
    filled = tuple(
        replace(d, site=sites.get(d.incident, ""), date=d.date or dates.get(d.incident, "")) for d in last.values()
    )
    return Confirmations(filled, tuple(skipped), n - len(filled))


def taxonomy_of(confirmations: Confirmations) -> Taxonomy:
    """A taxonomy of the codes that were given, where none is known."""
    axes = list(dict.fromkeys(d.axis for d in confirmations.decisions))
    codings = ({d.axis: tuple(sorted(d.codes))} for d in confirmations.decisions)
    used = {d.axis for d in confirmations.decisions if d.codes}
    return taxonomy_from_codings(codings, [axis for axis in axes if axis in used], name="seen")


class _RowError(Exception):
    def __init__(self, id: str, reason: str) -> None:
        self.id, self.reason = id, reason


def _decisions(
    path: Path, row: dict[str, Any] | str, columns: Mapping[str, str], taxonomy: Taxonomy | None, *, is_first: bool
) -> list[AxisConfirmation]:
    if isinstance(row, str):
        raise _RowError("", row)
    if isinstance(row.get("codes"), dict):
        return list(_wide(path.stem, row, {**_WIDE, **columns}, taxonomy))
    if is_first:
        _require(path, row, columns)
    return [_long(row, columns, taxonomy)]


def _require(path: Path, row: Mapping[str, Any], columns: Mapping[str, str]) -> None:
    for field in FIELDS[:4]:
        if columns.get(field, field) not in row:
            raise ReadError(
                f"{path}: no column '{columns.get(field, field)}' for the {field}. "
                f"Name it: --column {field}=COLUMN; it has {', '.join(name for name in row if name)}."
            )


def _wide(
    coder: str, row: Mapping[str, Any], columns: Mapping[str, str], taxonomy: Taxonomy | None
) -> Iterator[AxisConfirmation]:
    incident = _cell(row, columns, "incident")
    if not incident:
        raise _RowError("", f"'{columns['incident']}' is empty; expected the incident's own reference")
    for axis, cell in row["codes"].items():
        if taxonomy is None or axis in taxonomy.axis:
            yield AxisConfirmation(
                incident,
                _cell(row, columns, "coder") or coder,
                axis,
                _codes(incident, axis, cell, taxonomy),
                _cell(row, columns, "site"),
                _date(incident, _cell(row, columns, "date")),
            )


def _long(row: Mapping[str, Any], columns: Mapping[str, str], taxonomy: Taxonomy | None) -> AxisConfirmation:
    incident, coder, axis, codes, site, date, blind, rank = (_cell(row, columns, field) for field in FIELDS)
    for field, value in (("incident", incident), ("coder", coder), ("axis", axis)):
        if not value:
            raise _RowError(incident, f"'{columns.get(field, field)}' is empty; expected the {field}")
    if taxonomy and axis not in taxonomy.axis:
        raise _RowError(incident, f"no axis '{axis[:60]}' in {taxonomy.name}; expected {', '.join(taxonomy.axis)}")
    return AxisConfirmation(
        incident,
        coder,
        axis,
        _codes(incident, axis, codes, taxonomy),
        site,
        _date(incident, date),
        _truth(incident, blind),
        _rank(incident, rank),
    )


def _codes(incident: str, axis: str, cell: object, taxonomy: Taxonomy | None) -> CodeSet:
    given = split_codes(cell or "")
    if taxonomy is None:
        return frozenset(given)
    rules, spelled = taxonomy.axis[axis], [(code, taxonomy.spelling(axis, code)) for code in given]
    if unknown := [code for code, known in spelled if known is None]:
        raise _RowError(incident, f"'{unknown[0][:60]}' is no code of axis '{axis}' in {taxonomy.name}")
    if not given and not rules.optional:
        raise _RowError(incident, f"no code on axis '{axis}'; expected one")
    if len(given) > 1 and not rules.many:
        raise _RowError(incident, f"{len(given)} codes on axis '{axis}'; expected one")
    return frozenset(known for _, known in spelled if known)


def _date(incident: str, cell: str) -> str:
    try:
        return dt.date.fromisoformat(cell[:10]).isoformat() if cell else ""
    except ValueError:
        pass
    raise _RowError(incident, "the date is none; expected one such as 2026-03-14")


def _truth(incident: str, cell: str) -> bool | None:
    if cell and cell.casefold() not in (*_YES, *_NO):
        raise _RowError(incident, "'is_blind' is neither true nor false")
    return cell.casefold() in _YES if cell else None


def _rank(incident: str, cell: str) -> int | None:
    if cell and not (cell.isdigit() and int(cell) > 0):
        raise _RowError(incident, "'shown_rank' is no place in a list; expected 1, 2, ... or nothing")
    return int(cell) if cell else None


def _cell(row: Mapping[str, Any], columns: Mapping[str, str], field: str) -> str:
    value = row.get(columns.get(field, field))
    return str(value).strip() if value is not None else ""


def _example(skipped: Sequence[SkippedRow]) -> str:
    return f" Row {skipped[0].row}: {skipped[0].reason}." if skipped else ""
