"""A taxonomy from a table: the official one as a department has it, or the codes seen in a coded file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codesuggest.domain import Axis, Code, CodingGrammar, Taxonomy
from codesuggest.errors import TaxonomyError

NumberedRow = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Which column of the table is what. `parent` and `definition` may be absent.

    axes  what the table calls each axis, mapped to the axis's key; empty: its own wording, as a key.
    many  keys of the axes that take many codes.
    """

    axis: str = "axis"
    code: str = "code"
    label: str = "label"
    parent: str = "parent"
    definition: str = "definition"
    axes: Mapping[str, str] = field(default_factory=dict)
    many: Sequence[str] = ()


def taxonomy_from_table(
    rows: Iterable[NumberedRow],
    columns: TableColumns,
    *,
    name: str,
    title: str,
    shape: Taxonomy | None = None,
) -> Taxonomy:
    """A taxonomy from a table of codes, one a row, axes in the order in which they first occur.

    shape  a taxonomy whose axes (order, wording, many) and coding string the codes are of, such as `pria24`.
    Raises TaxonomyError naming the row and the column that is wrong.
    """
    codes: list[Code] = []
    wordings: dict[str, str] = {}
    last = ""
    for number, row in rows:
        _require(row, (columns.axis, columns.code, columns.label), number)
        wording = _cell(row, columns.axis) or last  # a spreadsheet names an axis once and leaves the cells below blank
        last = wording
        if not _cell(row, columns.code):
            raise TaxonomyError(f"row {number}: '{columns.code}' is empty. Every code needs one.")
        key = columns.axes.get(wording, _key(wording))
        if shape and key not in shape.axis:
            raise TaxonomyError(
                f"row {number}: axis '{wording}' is none of {', '.join(shape.axis)}. Map it: --axis '{wording}=KEY'."
            )
        wordings.setdefault(key, wording)
        codes.append(
            Code(
                key,
                _cell(row, columns.code),
                _cell(row, columns.label),
                _cell(row, columns.parent),
                _cell(row, columns.definition),
            )
        )
    axes = shape.axes if shape else tuple(Axis(key, text, many=key in columns.many) for key, text in wordings.items())
    grammar: CodingGrammar | None = shape.grammar if shape else None
    return Taxonomy(name, title, axes, tuple(codes), grammar)


def taxonomy_from_codings(
    codings: Iterable[Mapping[str, Sequence[str]]],
    axes: Sequence[str],
    *,
    name: str,
    many: Sequence[str] = (),
) -> Taxonomy:
    """A taxonomy of the codes seen on `axes`, the most frequent first, each labelled by itself.

    many  axes that take many codes; an axis on which one incident in fifty has several is one of them anyway.
    Raises TaxonomyError if no code was seen on an axis.
    """
    counts: dict[str, dict[str, int]] = {axis: {} for axis in axes}
    n_coded, n_several = dict.fromkeys(axes, 0), dict.fromkeys(axes, 0)
    for coding in codings:
        for axis in axes:
            given = coding.get(axis, ())
            n_coded[axis] += bool(given)
            n_several[axis] += len(given) > 1
            for code in given:
                counts[axis][code] = counts[axis].get(code, 0) + 1
    if empty := [axis for axis in axes if not counts[axis]]:
        raise TaxonomyError(f"No code on axis '{empty[0]}': is there a column of that name, and is it filled in?")
    made = tuple(Axis(axis, _label(axis), many=axis in many or n_several[axis] > n_coded[axis] / 50) for axis in axes)
    codes = tuple(
        Code(axis, code, code)
        for axis in axes
        for code in sorted(counts[axis], key=lambda code: (-counts[axis][code], code))
    )
    return Taxonomy(name, f"Codes seen in {name}", made, codes)


def _require(row: Mapping[str, Any], wanted: Sequence[str], number: int) -> None:
    for column in wanted:
        if column not in row:
            found = ", ".join(str(name) for name in row)
            raise TaxonomyError(f"row {number}: no column '{column}'; the table has {found}. Name it by option.")


def _cell(row: Mapping[str, Any], column: str) -> str:
    return " ".join(str(row.get(column) or "").split())


def _label(column: str) -> str:
    """An axis in words where only the name of its column is known: `primary_problem` is Primary problem."""
    words = " ".join(column.split("_")).strip()
    return words[:1].upper() + words[1:]


def _key(wording: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in wording.casefold()).split())
