"""Adapting the embedder: narratives of one code are drawn together, in bounded time, and kept only if it pays."""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.domain import RedactedText
from codesuggest.embed import Adaptation, adapt, default_folder, folder_embedder
from codesuggest.embed.adapting import Adapted, _given, _likeness
from codesuggest.errors import EmbedderError, RecipeError
from codesuggest.metrics import Estimate
from codesuggest.train import load_recipe
from codesuggest.train.adapting import Judgement, adapt_embedder

SAMPLE = Path(__file__).parents[1] / "annotation" / "sample" / "incidents.jsonl"
RECIPE = """
name = "adapting"
taxonomy = "imaging-working-1"
[data]
files = ["incidents.jsonl"]
[split]
by = "{by}"
share = 0.3
[embedder]
name = "{embedder}"
[ranker]
n_folds = 2
"""
BETTER, SAME, WORSE = Estimate(0.03, 0.01, 0.05), Estimate(0.0, -0.02, 0.02), Estimate(-0.04, -0.06, -0.02)


def recipe(folder: Path, *, by: str = "random", embedder: str = "minilm", n: int = 150) -> Path:
    with SAMPLE.open(encoding="utf-8") as sample:
        (folder / "incidents.jsonl").write_text("".join(itertools.islice(sample, n)), encoding="utf-8")
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(by=by, embedder=embedder), encoding="utf-8")
    return path


def test_likeness_counts_codes_in_common_and_rare_ones_more() -> None:
    rows = [{"a": ("x", "r")}, {"a": ("x", "r")}, {"a": ("x",)}, {"a": ("r",)}, *[{"a": ("x",)}] * 4]
    likeness = _likeness(_given(rows))
    assert likeness[0, 1] == pytest.approx(1)
    assert likeness[0, 3] > likeness[0, 2] > 0  # r is rarer than x
    assert _likeness(_given([{"a": ("x",)}, {"a": ("y",)}]))[0, 1] == 0


@pytest.mark.parametrize(
    ("gains", "axes", "against"),
    [
        ((BETTER, SAME, SAME), (SAME, BETTER), ()),
        ((SAME, SAME, SAME), (SAME, BETTER), ("hit@1 is not surely better",)),
        ((BETTER, SAME, WORSE), (SAME, SAME), ("recall@5 is worse",)),
        ((BETTER, BETTER, BETTER), (BETTER, WORSE), ("pathway is worse",)),
    ],
)
def test_it_pays_only_if_surely_better_and_nowhere_worse(
    gains: tuple[Estimate, ...], axes: tuple[Estimate, ...], against: tuple[str, ...]
) -> None:
    found = Judgement(
        Adapted(100, 1, 1.0, "cpu", is_cut=False),
        50,
        dict(zip(("hit@1", "recall@3", "recall@5"), gains, strict=True)),
        dict(zip(("severity", "pathway"), axes, strict=True)),
    )
    assert [reason.split(" (")[0] for reason in found.against] == list(against)


def test_what_cannot_be_adapted_or_judged_is_refused(tmp_path: Path) -> None:
    options = Adaptation(minutes=0.01)
    with pytest.raises(EmbedderError, match="hashing-64 has no weights to adapt"):
        adapt_embedder(load_recipe(recipe(tmp_path, embedder="hashing-64")), tmp_path / "out", options)
    with pytest.raises(EmbedderError, match="exists. Name another folder"):
        adapt_embedder(load_recipe(recipe(tmp_path)), tmp_path, options)


@pytest.mark.slow
def test_a_recipe_that_holds_nothing_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nothing is held out"):
        adapt_embedder(load_recipe(recipe(tmp_path, by="none", n=20)), tmp_path / "out", Adaptation(minutes=0.01))


@pytest.mark.slow
def test_adapting_draws_narratives_of_one_code_together(tmp_path: Path) -> None:
    """Two made-up kinds of report that share no words within a kind: only their codes say that they belong together."""
    kinds = {"A": ["kettle boiled over", "violin out of tune"], "B": ["rain on the lawn", "bread went stale"]}
    pairs = [(f"{text} {n}", kind) for kind, texts in kinds.items() for text in texts for n in range(20)]
    texts = [RedactedText(text) for text, _ in pairs]
    codes = [{"axis": (kind,)} for _, kind in pairs]
    done = adapt(
        default_folder(), texts, codes, tmp_path / "out", Adaptation(10, epochs=6, batch=16, learning_rate=2e-4)
    )
    assert done.n_steps == 30
    before, after = (folder_embedder(f).embed(texts) for f in (default_folder(), tmp_path / "out"))
    is_same = np.array([[a == b for _, b in pairs] for _, a in pairs])

    def apart(vectors: np.ndarray) -> float:
        likeness = vectors @ vectors.T
        return float(likeness[is_same].mean() - likeness[~is_same].mean())

    assert apart(after) > apart(before) + 0.2


@pytest.mark.slow
def test_training_stops_in_time_and_what_does_not_pay_leaves_nothing(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    out = tmp_path / "embedder"
    started = time.monotonic()
    result = CliRunner().invoke(
        app, ["embedder", "adapt", str(recipe(tmp_path)), "--out", str(out), "--minutes", "0.02", "--epochs", "50"]
    )
    assert result.exit_code == 0, result.stderr
    assert "cut short by --minutes" in result.stdout
    assert ("Not kept: " in result.stdout) is not out.exists()
    assert time.monotonic() - started < 300
    if out.exists():
        assert json.loads((out / "adapted.json").read_text())["n"] > 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".embedder")] == []
