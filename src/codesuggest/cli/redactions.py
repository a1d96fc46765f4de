"""`codesuggest redaction ...`."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make the redactor's language model, and prove how good the redactor is.", no_args_is_help=True)

Lists = Annotated[Path, typer.Option("--lists", help="Folder of the lists of names and places to fill in.")]


@app.command()
def check(
    gold: Annotated[
        list[Path], typer.Option("--gold", help="JSON Lines of id, text and spans; give it again for more.")
    ],
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", help="Type marked in gold that is no personal data here, such as TITLE."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Redaction folder to check.  [default: the one in use]")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Keep the result in the folder, for the gate.")] = False,
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Measure the redactor on gold: recall and precision with lower bounds, and every leak by id and type.

    Example: codesuggest redaction check --gold annotation/sample/incidents.jsonl
    """
    from codesuggest.redact import Redactor
    from codesuggest.redaction.check import check_redaction, read_gold, record_check
    from codesuggest.report import redaction_json, redaction_table

    redactor = Redactor(folder)
    rows = [row for file in gold for row in read_gold(file, ignore or ())]
    result = check_redaction(redactor, rows)
    if record:
        typer.echo(f"Recorded in {record_check(redactor, result)}.", err=True)
    typer.echo(json.dumps(redaction_json(result), indent=1) if format == "json" else redaction_table(result))


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe: a TOML file such as training/redaction/recipe.toml.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the model; one that stands there is replaced.")],
) -> None:
    """Train the redactor's language model on made-up text.

    Example: codesuggest redaction train training/redaction/recipe.toml --out models/redaction/model
    """
    from codesuggest.redaction.training import load_redaction_recipe, train_redaction_model

    n = train_redaction_model(load_redaction_recipe(recipe), out)
    typer.echo(f"Trained on {n:,} made-up texts. Model in {out}. Check it: codesuggest redaction check --help.")


@app.command()
def gold(
    texts: Annotated[list[Path], typer.Argument(help="JSON Lines of texts with slots.")],
    lists: Lists,
    out: Annotated[Path, typer.Option("--out", help="JSON Lines file to write.")],
    times: Annotated[int, typer.Option("--times", min=1, help="How often each text is filled.")] = 2,
    seed: Annotated[int, typer.Option("--seed", help="Decides the values.")] = 1,
) -> None:
    """Make gold: fill texts with names and numbers that training never uses, and mark them.

    Example: codesuggest redaction gold test/texts.jsonl --lists lists --out gold.jsonl
    """
    from codesuggest.redaction.corpus import Filler, gold_rows, read_templates

    rows = list(gold_rows(read_templates(texts), Filler(lists, seed, for_testing=True), times=times))
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    typer.echo(f"{len(rows):,} texts, {sum(len(row['spans']) for row in rows):,} marked spans, in {out}.")
