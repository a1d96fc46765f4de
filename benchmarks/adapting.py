"""Whether adapting the embedder pays: on the sample, and on real coded data of another field.

Run: .venv/bin/python benchmarks/adapting.py [--data FOLDER] [--sets a,b] [--size N] [--minutes M] [--epochs N]
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from real_data import SETS, _part, _recipe

from codesuggest.embed import Adaptation
from codesuggest.train import Recipe, load_recipe
from codesuggest.train.adapting import adapt_embedder, points

HERE = Path(__file__).parent


def recipes(folder: Path, sets: list[str], size: int, work: Path) -> Iterator[tuple[str, Recipe]]:
    """The sample's own recipe, and one a data set: `size` rows of its training part, and its test part held out."""
    yield "sample", load_recipe(HERE.parent / "training" / "sample.toml")
    for data in sets:
        (work / data).mkdir()
        recipe = _recipe(folder / data, SETS[data], data, size, work / data)
        training = np.random.default_rng(0).choice(sorted(_part(folder / data, "train")), size, replace=False)
        few = work / data / "data.csv"
        _thin(folder / data / "data.csv", few, {*training.tolist(), *_part(folder / data, "test")})
        yield data, recipe.model_copy(update={"data": recipe.data.model_copy(update={"files": (few,)})})


def _thin(source: Path, to: Path, kept: set[str]) -> None:
    with source.open(newline="", encoding="utf-8") as rows, to.open("w", newline="", encoding="utf-8") as out:
        reader = csv.DictReader(rows)
        writer = csv.DictWriter(out, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(row for row in reader if row["id"] in kept)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--sets", default="osha_imis")
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    sets = [name for name in options.sets.split(",") if name]
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        for name, recipe in recipes(options.data, sets, options.size, work):
            how = Adaptation(options.minutes, options.epochs)
            found = adapt_embedder(recipe, work / f"embedder-{name}", how)
            print(f"\n{name}: {found.adapted}; {found.n} held out; {'; '.join(found.against) or 'pays'}")
            for figure, gain in {**found.gains, **found.axes}.items():
                print(f"  {figure:<22} {points(gain)}", flush=True)


if __name__ == "__main__":
    main()
