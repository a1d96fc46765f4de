"""A taxonomy on disk: a folder with `taxonomy.toml` and, where its codes are known, `codes.csv`."""

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import tomli_w
from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.domain import Axis, Code, CodingGrammar, Question, Rule, Taxonomy
from codesuggest.errors import TaxonomyError
from codesuggest.settings import shipped

COLUMNS = ("axis", "code", "parent", "label", "definition", "includes", "examples")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _AxisEntry(_Strict):
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    many: bool = False
    optional: bool = False
    leaves_only: bool = False
    ordinal: bool = False
    pattern: str = ""


class _GrammarEntry(_Strict):
    trigger: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    separator: str = Field("/", min_length=1, max_length=1)


class _RuleEntry(_Strict):
    message: str = Field(min_length=1)
    codes: dict[str, tuple[str, ...]] = {}
    none_of: dict[str, tuple[str, ...]] = {}
    differ: tuple[str, ...] = ()
    text: str = ""


class _QuestionEntry(_Strict):
    axis: str
    ask: str = Field(min_length=1)
    between: tuple[str, ...] = ()


class _TaxonomyFile(_Strict):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    axes: tuple[_AxisEntry, ...] = Field(min_length=1)
    coding_string: _GrammarEntry | None = None
    rules: tuple[_RuleEntry, ...] = ()
    questions: tuple[_QuestionEntry, ...] = ()


def load_taxonomy(name_or_path: str | Path) -> Taxonomy:
    """The taxonomy of a shipped name, such as `imaging-working-1`, or of a folder.

    Raises TaxonomyError naming the file, the row and the remedy if anything in it is wrong.
    """
    folder = _find(name_or_path)
    path = folder / "taxonomy.toml"
    entries = load_checked(path, _TaxonomyFile, TaxonomyError)
    axes = tuple(Axis(**entry.model_dump()) for entry in entries.axes)
    table = folder / "codes.csv"
    codes = tuple(_read_codes(table, {axis.key for axis in axes})) if table.exists() else ()
    grammar = CodingGrammar(**entries.coding_string.model_dump()) if entries.coding_string else None
    rules = tuple(Rule(**entry.model_dump()) for entry in entries.rules)
    questions = tuple(Question(**entry.model_dump()) for entry in entries.questions)
    taxonomy = Taxonomy(entries.name, entries.title, axes, codes, grammar, rules, questions)
    _check_axes(path, taxonomy)
    _check_references(path, taxonomy)
    return replace(taxonomy, fingerprint=_fingerprint(taxonomy))


def shipped_taxonomies() -> tuple[str, ...]:
    """The names of the taxonomies that come with the product."""
    return tuple(sorted(path.parent.name for path in shipped("taxonomy").glob("*/taxonomy.toml")))


def write_taxonomy(taxonomy: Taxonomy, folder: Path) -> Path:
    """Write a taxonomy as a folder that `load_taxonomy` reads; refuses a folder that already holds one."""
    if (folder / "taxonomy.toml").exists():
        raise TaxonomyError(f"{folder} already holds a taxonomy. Name another folder, or move that one away.")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "codes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(code) for code in taxonomy.codes)
    (folder / "taxonomy.toml").write_text(tomli_w.dumps(_content(taxonomy)), encoding="utf-8")
    return folder


def _find(name_or_path: str | Path) -> Path:
    for folder in (Path(name_or_path), shipped("taxonomy") / name_or_path):
        if (folder / "taxonomy.toml").is_file():
            return folder
    known = ", ".join(shipped_taxonomies())
    raise TaxonomyError(f"No taxonomy '{name_or_path}': expected a folder with a taxonomy.toml, or one of {known}.")


def _read_codes(path: Path, axes: set[str]) -> Iterator[Code]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            rows = list(enumerate(reader, start=2))
        except (csv.Error, UnicodeDecodeError) as error:
            raise TaxonomyError(f"{path}: not a UTF-8 CSV file ({error}). Save it as UTF-8 CSV.") from error
    missing = {"axis", "code", "label"} - set(reader.fieldnames or ())
    unknown = set(reader.fieldnames or ()) - set(COLUMNS)
    if missing or unknown:
        raise TaxonomyError(
            f"{path}, row 1: columns missing: {sorted(missing)}; not known: {sorted(unknown)}. "
            f"Expected {', '.join(COLUMNS)}."
        )
    codes = {}
    for number, row in rows:
        code = _code(f"{path}, row {number}", row, axes)
        if (code.axis, code.code) in codes:
            raise TaxonomyError(
                f"{path}, row {number}: code '{code.code}' is on axis '{code.axis}' already. Remove one."
            )
        codes[code.axis, code.code] = number, code
    for number, code in codes.values():
        _check_parents(f"{path}, row {number}", code, {key: code for key, (_, code) in codes.items()})
    return (code for _, code in codes.values())


def _code(where: str, row: dict[str, str | None], axes: set[str]) -> Code:
    if None in row or None in row.values():
        raise TaxonomyError(f"{where}: as many cells as columns expected. Quote any cell that holds a comma.")
    cells = {column: (value or "").strip() for column, value in row.items()}
    if cells["axis"] not in axes:
        raise TaxonomyError(f"{where}: axis '{cells['axis']}' is not in taxonomy.toml. Add it there, or mend the row.")
    for column in ("code", "label"):
        if not cells[column]:
            raise TaxonomyError(f"{where}: '{column}' is empty. Every code needs one.")
    return Code(**cells)


def _check_parents(where: str, code: Code, codes: dict[tuple[str, str], Code]) -> None:
    seen, current = {code.code}, code
    while current.parent:
        parent = codes.get((code.axis, current.parent))
        if parent is None:
            raise TaxonomyError(
                f"{where}: parent '{current.parent}' is no code of axis '{code.axis}'. "
                "Add a row for it, or leave the parent blank."
            )
        if parent.code in seen:
            raise TaxonomyError(f"{where}: code '{code.code}' is its own ancestor. Break the cycle of parents.")
        seen.add(parent.code)
        current = parent


def _check_axes(path: Path, taxonomy: Taxonomy) -> None:
    if len(taxonomy.axis) != len(taxonomy.axes):
        raise TaxonomyError(f"{path}: an axis key occurs twice. Give each axis a key of its own.")
    for axis in taxonomy.axes:
        try:
            pattern = re.compile(axis.pattern)
        except re.error as error:
            raise TaxonomyError(f"{path}: axis '{axis.key}': pattern is not valid ({error}).") from error
        if not axis.pattern and not taxonomy.by_code[axis.key]:
            raise TaxonomyError(
                f"{path}: axis '{axis.key}' has no codes in codes.csv and no pattern. Give it one or the other."
            )
        wrong = [code for code in taxonomy.assignable[axis.key] if axis.pattern and not pattern.fullmatch(code)]
        if wrong:
            raise TaxonomyError(f"{path}: code '{wrong[0]}' does not match the pattern of axis '{axis.key}'.")


def _check_references(path: Path, taxonomy: Taxonomy) -> None:
    """Rules and questions speak of axes and codes that are there, and their expressions are valid."""
    for rule in taxonomy.rules:
        for axis, code in _named(rule):
            _check_reference(f"{path}: rule '{rule.message}'", taxonomy, axis, code)
        try:
            re.compile(rule.text)
        except re.error as error:
            raise TaxonomyError(f"{path}: rule '{rule.message}': text is not a valid pattern ({error}).") from error
    for question in taxonomy.questions:
        for code in question.between or ("",):
            _check_reference(f"{path}: question '{question.ask}'", taxonomy, question.axis, code)


def _named(rule: Rule) -> Iterator[tuple[str, str]]:
    yield from ((axis, "") for axis in rule.differ)
    for given in (rule.codes, rule.none_of):
        yield from ((axis, code) for axis, codes in given.items() for code in codes or ("",))


def _check_reference(where: str, taxonomy: Taxonomy, axis: str, code: str) -> None:
    if axis not in taxonomy.axis:
        raise TaxonomyError(f"{where}: no axis '{axis}'. Mend it, or add the axis.")
    if code and code not in taxonomy.by_code[axis]:
        raise TaxonomyError(f"{where}: no code '{code}' on axis '{axis}'. Mend it, or add the code.")


def _fingerprint(taxonomy: Taxonomy) -> str:
    content = {key: value for key, value in asdict(taxonomy).items() if key != "fingerprint"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _content(taxonomy: Taxonomy) -> dict[str, object]:
    """What `taxonomy.toml` says; defaults are left out."""

    def told(value: object) -> dict[str, object]:
        entry: dict[str, object] = asdict(value)  # type: ignore[call-overload]
        return {key: part for key, part in entry.items() if part not in ("", False, (), {})}

    content: dict[str, object] = {"name": taxonomy.name, "title": taxonomy.title}
    if taxonomy.grammar:
        content["coding_string"] = told(taxonomy.grammar)
    parts = {"axes": taxonomy.axes, "rules": taxonomy.rules, "questions": taxonomy.questions}
    return content | {name: [told(entry) for entry in entries] for name, entries in parts.items() if entries}
