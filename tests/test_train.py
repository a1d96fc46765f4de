"""Training: recipes checked, splits honest, codes accounted for."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codesuggest.domain import Narrative, RedactedNarrative, RedactedText
from codesuggest.embed import HashingEmbedder
from codesuggest.errors import RecipeError, UnknownCodeError
from codesuggest.evaluate import evaluate
from codesuggest.redact import Redactor
from codesuggest.registry import Model
from codesuggest.suggest import Suggester
from codesuggest.train import load_recipe, train
from codesuggest.train.recipe import SplitPart
from codesuggest.train.split import training_rows

Write = Callable[[str, str | bytes], Path]
TINY = """
name = "tiny"
taxonomy = "taxonomy"

[data]
files = ["incidents.jsonl"]
redacted = true

[embedder]
name = "hashing-16"
"""


@pytest.fixture
def folder(write: Write, tmp_path: Path) -> Path:
    """A taxonomy of one axis, and 30 narratives coded by a word in them."""
    write("taxonomy/taxonomy.toml", 'name = "tiny-1"\ntitle = "Tiny"\n[[axes]]\nkey = "kind"\nlabel = "Kind"\n')
    write("taxonomy/codes.csv", "axis,code,label\nkind,A,Apple\nkind,B,Pear\n")
    rows = [
        {
            "id": str(n),
            "text": f"{word} number {n} fell",
            "codes": {"kind": [code]},
            "when": f"2025-01-{n + 1:02d}",
            "site": site,
        }
        for n in range(30)
        for word, code, site in [("apple", "a", "north") if n % 2 else ("pear", "B", "south" if n % 3 else "east")]
    ]
    write("incidents.jsonl", "\n".join(map(json.dumps, rows)))
    return tmp_path


def recipe(folder: Path, extra: str = "", base: str = TINY) -> Path:
    path = folder / "recipe.toml"
    path.write_text(base + extra, encoding="utf-8")
    return path


def test_codes_are_learnt_in_the_taxonomys_spelling(folder: Path, redactor: Redactor) -> None:
    training = train(load_recipe(recipe(folder)))
    assert training.n_trained == 30
    assert training.model.manifest.axes == {"kind": ("A", "B")}
    suggester = Suggester(training.model, HashingEmbedder(16), redactor)
    texts = [RedactedText("another apple"), RedactedText("another pear")]
    first, second = suggester.suggest_redacted([RedactedNarrative("1", text) for text in texts])
    assert (first.axes["kind"][0].code, second.axes["kind"][0].code) == ("A", "B")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("colour = 1", "'embedder.colour': Extra inputs"),
        ("[ranker]\nn_folds = 1", "'ranker.n_folds'"),
        ('[split]\nby = "time"', "needs split.column"),
        ('[split]\nby = "site"\ncolumn = "site"', "needs split.hold_out"),
        ('[split]\nby = "nonsense"', "'split.by'"),
        ("folder = 'x'", "go together"),
        ("[", "not valid TOML"),
    ],
)
def test_a_bad_recipe_is_refused_naming_the_key(folder: Path, extra: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe(folder, extra))


def test_a_missing_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be opened"):
        load_recipe(tmp_path / "none.toml")


def test_an_unknown_code_is_refused_or_dropped_as_the_recipe_says(folder: Path) -> None:
    with (folder / "incidents.jsonl").open("a") as file:
        file.write("\n" + json.dumps({"id": "x", "text": "a plum", "codes": {"kind": ["PLUM"]}}))
    with pytest.raises(UnknownCodeError, match="Incident x: 'PLUM' is no code of axis 'kind' in tiny-1"):
        train(load_recipe(recipe(folder)))
    dropping = TINY.replace("redacted = true", 'redacted = true\nunknown_codes = "drop"')
    training = train(load_recipe(recipe(folder, base=dropping)))
    assert (training.n_trained, training.n_dropped_codes) == (31, 1)


def test_unreadable_rows_are_counted(folder: Path) -> None:
    with (folder / "incidents.jsonl").open("a") as file:
        file.write("\nnot json\n")
    training = train(load_recipe(recipe(folder)))
    (rows,) = training.skipped.values()
    assert [row.row for row in rows] == [31]


def test_declared_redaction_is_recorded(folder: Path, small_model: Model) -> None:
    assert train(load_recipe(recipe(folder))).model.manifest.data["declared_redacted"] is True
    assert small_model.manifest.data["declared_redacted"] is False


@pytest.mark.parametrize(
    ("split", "n_held_out"),
    [
        ('by = "none"', 0),
        ('by = "column"\ncolumn = "site"\ntrain = ["north", "south"]', 5),
        ('by = "site"\ncolumn = "site"\nhold_out = ["north"]', 15),
        ('by = "time"\ncolumn = "when"\nshare = 0.2', 6),
    ],
)
def test_splits_hold_out_what_they_say(folder: Path, split: str, n_held_out: int) -> None:
    training = train(load_recipe(recipe(folder, f"[split]\n{split}\n")))
    assert training.n_held_out == n_held_out
    assert training.n_trained + n_held_out == 30


def test_a_split_may_stand_in_a_file_of_its_own(folder: Path) -> None:
    with (folder / "split.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "part"], *([str(n), "train" if n < 20 else "test"] for n in range(30))])
    extra = '[split]\nby = "column"\ncolumn = "part"\nfile = "split.csv"\n'
    assert train(load_recipe(recipe(folder, extra))).n_trained == 20


def test_a_split_that_lacks_its_column_names_the_incident(folder: Path) -> None:
    with pytest.raises(RecipeError, match="incident 0 has no 'region'"):
        train(load_recipe(recipe(folder, '[split]\nby = "column"\ncolumn = "region"\n')))


def test_the_newest_are_held_out_and_equal_dates_stay_together() -> None:
    dates = ["2025-01-01", "2025-02-01", "2025-03-01", "2025-03-01", "2024"]
    narratives = [Narrative(str(n), "x", details={"when": date}) for n, date in enumerate(dates)]
    split = SplitPart(by="time", column="when", share=0.3)
    assert training_rows(split, narratives, lambda: np.array([]), 0).tolist() == [True, True, False, False, True]


def test_near_duplicates_stay_on_one_side_of_a_random_split() -> None:
    groups = np.repeat(np.arange(20, dtype=np.int32), 5)
    narratives = [Narrative(str(n), "x") for n in range(100)]
    kept = training_rows(SplitPart(by="random", share=0.2), narratives, lambda: groups, 1)
    assert kept.sum() == 80
    assert all(len(set(kept[groups == group])) == 1 for group in range(20))


def test_the_same_recipe_and_data_give_the_same_model(folder: Path) -> None:
    first, second = (train(load_recipe(recipe(folder))).model for _ in range(2))
    assert first.manifest.data == second.manifest.data
    ranker, again = first.rankers["kind"], second.rankers["kind"]
    assert np.allclose(ranker.lexical_, again.lexical_, atol=1e-4)
    assert np.allclose(ranker.weights_, again.weights_, atol=1e-4)


def test_evaluation_leaves_out_what_was_trained_on(folder: Path, redactor: Redactor) -> None:
    extra = '[split]\nby = "column"\ncolumn = "site"\ntrain = ["north", "south"]\n'
    model = train(load_recipe(recipe(folder, extra))).model
    suggester = Suggester(model, HashingEmbedder(16), redactor)
    from codesuggest.domain import RedactedNarrative, RedactedText

    rows = [json.loads(line) for line in (folder / "incidents.jsonl").read_text().splitlines()]
    gold = [
        RedactedNarrative(
            r["id"], RedactedText(r["text"].upper()), {"kind": tuple(c.upper() for c in r["codes"]["kind"])}
        )
        for r in rows
    ]
    evaluation = evaluate(suggester, gold, n_rounds=50)
    assert (evaluation.n, evaluation.n_trained_on) == (5, 25)
    assert evaluation.axes["kind"].n == 5
    assert evaluation.axes["kind"].model["hit@1"].value == 1
    assert evaluation.axes["kind"].by_frequency["hit@1"].value == 0
