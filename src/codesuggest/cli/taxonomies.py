"""`codesuggest taxonomy ...`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli import crosswalks, source
from codesuggest.errors import ReadError, TaxonomyError

if TYPE_CHECKING:
    from codesuggest.domain import Taxonomy
    from codesuggest.read import Columns

app = typer.Typer(help="Check, show, make and change taxonomies.", no_args_is_help=True)
app.add_typer(crosswalks.app, name="crosswalk")

Name = Annotated[str, typer.Argument(help="A shipped taxonomy's name, or a taxonomy's folder.")]
Many = Annotated[
    list[str] | None,
    typer.Option("--many", help="Axis that takes many codes; give it again for each further one."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder to write.  [default: named after the table]")]
MadeName = Annotated[str, typer.Option("--name", help="Name of the taxonomy, with its version.  [default: the file's]")]
AxisColumn = Annotated[str, typer.Option("--axis-column", help="Column of the axis.")]
OfCode = Annotated[str, typer.Option("--code-column", help="Column of the code.")]
LabelColumn = Annotated[str, typer.Option("--label-column", help="Column of the code's wording.")]
ParentColumn = Annotated[str, typer.Option("--parent-column", help="Column of the parent code, if any.")]
DefinitionColumn = Annotated[str, typer.Option("--definition-column", help="Column of the definition, if any.")]
AxisKeys = Annotated[
    list[str] | None, typer.Option("--axis", help="WORDING=KEY: the key of what the table calls an axis.")
]
Like = Annotated[
    str, typer.Option("--like", help="Taxonomy whose axes and coding string these codes are of, such as pria24.")
]


@app.command()
def check(path: Name) -> None:
    """Check a taxonomy's files, and say what is wrong: file, row and remedy.

    Example: codesuggest taxonomy check imaging-working-1
    """
    taxonomy = _load(path)
    typer.echo(f"{taxonomy.name} is sound: {len(taxonomy.axes)} axes, {len(taxonomy.codes)} codes.")


@app.command()
def show(name: Name) -> None:
    """Show a taxonomy: its axes in order, and the tree of codes of each.

    Example: codesuggest taxonomy show imaging-working-1
    """
    taxonomy = _load(name)
    typer.echo(f"{taxonomy.name}  {taxonomy.title}")
    if taxonomy.grammar:
        typer.echo(f"Coding string: {taxonomy.grammar.trigger}{taxonomy.grammar.separator}...")
    for axis in taxonomy.axes:
        typer.echo(f"\n{axis.key}  {axis.label}, {'many codes' if axis.many else 'one code'}")
        if not taxonomy.by_code[axis.key]:
            typer.echo(f"  any code that matches {axis.pattern}")
        for line in _tree(taxonomy, axis.key, ""):
            typer.echo(f"  {line}")


@app.command()
def parse(
    string: Annotated[str, typer.Argument(help="A coding string, in any letter case.")],
    taxonomy: Annotated[str, typer.Option("--taxonomy", help="The taxonomy whose grammar it follows.")] = "pria24",
) -> None:
    """Take a coding string apart, and write it back in its proper form.

    Example: codesuggest taxonomy parse "pria24 / l1 / e1 / mg / p7 / 3.2b / cf1b"
    """
    from codesuggest.taxonomy import parse_coding_string, write_coding_string

    loaded = _load(taxonomy)
    codes = parse_coding_string(string, loaded)
    typer.echo(write_coding_string(codes, loaded))
    for axis, given in codes.items():
        typer.echo(f"  {axis}: {', '.join(f'{c} {loaded.label(axis, c)}' if loaded.codes else c for c in given)}")


@app.command("import")
def import_(
    table: Annotated[Path, typer.Argument(help="The table of codes: .csv, .tsv or .xlsx, one code a row.")],
    name: MadeName = "",
    axis_column: AxisColumn = "axis",
    code_column: OfCode = "code",
    label_column: LabelColumn = "label",
    parent_column: ParentColumn = "parent",
    definition_column: DefinitionColumn = "definition",
    axis: AxisKeys = None,
    many: Many = None,
    like: Like = "",
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
    out: Out = None,
) -> None:
    """Make a taxonomy from a table of codes, such as the official one.

    Example: codesuggest taxonomy import official.xlsx --like pria24 --code-column Code --label-column Description
    """
    from codesuggest.read import Columns
    from codesuggest.read.formats import open_rows
    from codesuggest.taxonomy.table import TableColumns, taxonomy_from_table

    pairs = [pair.partition("=") for pair in axis or ()]
    columns = TableColumns(
        axis_column,
        code_column,
        label_column,
        parent_column,
        definition_column,
        {wording: key for wording, _, key in pairs},
        many or (),
    )
    rows = list(open_rows(table, Columns(sheet=sheet, encoding=encoding), max_mb=100))
    if unreadable := [f"{table}, row {number}: {row}." for number, row in rows if isinstance(row, str)]:
        raise ReadError(unreadable[0])
    try:
        made = taxonomy_from_table(
            [(number, row) for number, row in rows if not isinstance(row, str)],
            columns,
            name=name or _slug(table.stem),
            title=name or table.stem,
            shape=_load(like) if like else None,
        )
    except TaxonomyError as error:
        raise TaxonomyError(f"{table}, {error}") from error
    _write(made, out or table.with_name(made.name))


@app.command()
def derive(
    coded: Annotated[Path, typer.Argument(help="A coded file.")],
    axes: Annotated[str, typer.Option("--axes", help="Columns that hold codes, separated by commas.")],
    name: MadeName = "",
    many: Many = None,
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
    out: Out = None,
) -> None:
    """Make a taxonomy of the codes seen in a coded file, each labelled by itself.

    Example: codesuggest taxonomy derive incidents.csv --axes event_type,part_of_body
    """
    from codesuggest.taxonomy.table import taxonomy_from_codings

    wanted = [axis.strip() for axis in axes.split(",") if axis.strip()]
    columns = source.columns(None, id_column, text_column, [f"{axis}={axis}" for axis in wanted], sheet, encoding)
    codings = _codings(coded, columns)
    made = taxonomy_from_codings(codings, wanted, name=name or _slug(coded.stem), many=many or ())
    _write(made, out or coded.with_name(f"{made.name}-taxonomy"))


def _codings(path: Path, columns: "Columns") -> list[dict[str, tuple[str, ...]]]:
    from codesuggest.read.cells import split_codes
    from codesuggest.read.formats import open_rows

    codings = []
    for number, row in open_rows(path, columns, max_mb=100_000):
        if isinstance(row, str):
            continue
        cells = row["codes"] if isinstance(row.get("codes"), dict) else row
        if missing := [axis for axis in columns.codes if axis not in row and cells is row]:
            raise ReadError(f"{path}, row {number}: no column '{missing[0]}'; it has {', '.join(row)}.")
        codings.append({axis: split_codes(cells.get(axis) or "") for axis in columns.codes})
    return codings


def _load(name: str) -> "Taxonomy":
    from codesuggest.taxonomy import load_taxonomy

    return load_taxonomy(name)


def _write(taxonomy: "Taxonomy", folder: Path) -> None:
    """Write a new taxonomy and check it as any other; one that is not sound is not left behind."""
    from codesuggest.taxonomy import load_taxonomy, write_taxonomy

    write_taxonomy(taxonomy, folder)
    try:
        load_taxonomy(folder)
    except TaxonomyError:
        for file in ("taxonomy.toml", "codes.csv"):
            (folder / file).unlink()
        folder.rmdir()
        raise
    typer.echo(f"{taxonomy.name}: {len(taxonomy.axes)} axes, {len(taxonomy.codes)} codes, in {folder}.")


def _tree(taxonomy: "Taxonomy", axis: str, parent: str, depth: int = 0) -> list[str]:
    lines = []
    for code in taxonomy.codes:
        if code.axis == axis and code.parent == parent:
            lines.append(f"{'  ' * depth}{code.code}  {code.label}")
            lines += _tree(taxonomy, axis, code.code, depth + 1)
    return lines


def _slug(stem: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in stem.casefold()).split()) or "taxonomy"
