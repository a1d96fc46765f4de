"""Five rounds of learning from codings that were led: what shows the echo, and what keeps it from being learnt.

A department's model misreads one kind of incident for a round. Coders accept nine of ten first suggestions, whatever
they are. From then on the model in use is the one that was trained on all codings so far.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from coded import Coding, add, add_coders
from codesuggest.domain import RedactedNarrative, RedactedText
from codesuggest.promotion import Shelf
from codesuggest.retrain import Retrained, RetrainRecipe, Surroundings, retrain
from codesuggest.store.database import Database, Session
from codesuggest.suggest import Scorer

AXIS = "cause"
TAXONOMY = "echo-1"
WORDS = {
    "identity": "wristband name surname called answered date-of-birth asked",
    "side": "left right marker limb hip knee opposite",
    "dose": "protocol exposure kv repeat grid milliamps detector",
    "record": "filed archive report folder image sent lost",
}
"""By code, words of which a narrative has some."""

FILLER = [f"word{number}" for number in range(80)]
UNIT = "mobile"
"""A word of the incidents of one unit, which look like `side` and are `record`: the suggester misreads them."""

N_ROUNDS, A_ROUND, ARCHIVE = 5, 100, 60
ACCEPTED, BLIND, FROM_UNIT = 0.9, 0.2, 0.3
UNIT_EVERY = 3
"""Of the archive, every so many-th incident is the unit's: what the first model knows of it."""
Row = dict[str, object]


@dataclass(frozen=True)
class Round:
    """What is seen after a round: how often the first suggestion was what was recorded, of assisted codings; and how
    often the model trained then is right on blind ones, of all incidents and of the unit's."""

    assisted: float
    blind: float
    blind_of_unit: float
    accepted_share: float


@pytest.fixture(scope="module")
def taxonomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("echo") / TAXONOMY
    folder.mkdir()
    head = f'name = "{TAXONOMY}"\ntitle = "Made up"\n[[axes]]\nkey = "{AXIS}"\nlabel = "Cause"\n'
    (folder / "taxonomy.toml").write_text(head)
    lines = [f"{AXIS},{code},,{code.title()},{words}" for code, words in WORDS.items()]
    (folder / "codes.csv").write_text("\n".join(["axis,code,parent,label,definition", *lines]) + "\n")
    return folder


def incident(rng: random.Random, id: str, *, is_of_unit: bool) -> Row:
    """A made-up incident, and its true code."""
    looks = "side" if is_of_unit else rng.choice(sorted(WORDS))
    words = [*rng.sample(WORDS[looks].split(), 4), *rng.sample(FILLER, 14), *([UNIT] * is_of_unit)]
    rng.shuffle(words)
    return {"id": id, "text": " ".join(words), "true": "record" if is_of_unit else looks, "is_of_unit": is_of_unit}


def simulated(folder: Path, taxonomy: Path, store: Path, *, accepted: float) -> Iterator[Round]:
    """A department whose recipe lets an accepted suggestion count so much: as it begins, and after each round."""
    rng = random.Random(7)  # noqa: S311  a draw, not a secret
    database, shelf = Database(f"sqlite:///{store}"), Shelf(folder / "models")
    recipe = RetrainRecipe.model_validate(
        {
            "name": "echo",
            "taxonomy": str(taxonomy),
            "data": {},
            "embedder": {"name": "hashing-64"},
            "ranker": {"n_folds": 2, "max_words": 500, "max_characters": 500},
            "labels": {"accepted": accepted},
            "gold": {"share": 0.5},
            "held_out": {"newest": False, "site_folds": 0, "curve": []},
        }
    )
    with database.writing() as session:
        add_coders(session, 1)
        for number in range(ARCHIVE):
            row = incident(rng, f"A{number}", is_of_unit=number % UNIT_EVERY == 0)
            add(session, row, Coding({AXIS: [str(row["true"])]}, taxonomy=TAXONOMY))
    around = Surroundings(shelf, None, database)
    made = retrain(recipe, around)
    yield measured(made, [])
    for turn in range(N_ROUNDS):
        rows = [incident(rng, f"R{turn}-{n}", is_of_unit=rng.random() < FROM_UNIT) for n in range(A_ROUND)]
        shown = suggested(made, rows)
        if turn == 0:
            shown = [misread(row, codes) for row, codes in zip(rows, shown, strict=True)]
        with database.writing() as session:
            agreed = [coded(session, rng, row, codes) for row, codes in zip(rows, shown, strict=True)]
        made = retrain(recipe, around)
        yield measured(made, [one for one in agreed if one is not None])
    database.close()


def misread(row: Row, codes: list[str]) -> list[str]:
    """What is shown in the round in which the suggester misreads the unit's incidents."""
    return sorted(codes, key=lambda code: code != "side") if row["is_of_unit"] else codes


def suggested(made: Retrained, rows: list[Row]) -> list[list[str]]:
    """The codes that the model ranks for each incident, the first first."""
    given = [RedactedNarrative(str(row["id"]), RedactedText(str(row["text"])), {}) for row in rows]
    codes = made.model.manifest.axes[AXIS]
    scores = Scorer(made.model, made.learner.embedder).score(given)[AXIS]
    return [[codes[column] for column in order] for order in np.argsort(-scores, axis=1)]


def coded(session: Session, rng: random.Random, row: Row, shown: list[str]) -> bool | None:
    """A coder's decision; whether it is the first suggestion, None where none was shown."""
    if rng.random() < BLIND:
        add(session, row, Coding({AXIS: [str(row["true"])]}, taxonomy=TAXONOMY))
        return None
    chosen = shown[0] if rng.random() < ACCEPTED else str(row["true"])
    add(session, row, Coding({AXIS: [chosen]}, shown={AXIS: shown}, taxonomy=TAXONOMY))
    return chosen == shown[0]


def measured(made: Retrained, agreed: list[bool]) -> Round:
    """As a department can: gold is drawn from what was coded blind, and nobody trained on it."""
    gold = made.learner.snapshot.gold_incidents
    first = [codes[0] for codes in suggested(made, [{"id": one.reference, "text": one.text} for one in gold])]
    right = np.array([(code,) == one.codes[AXIS] for code, one in zip(first, gold, strict=True)])
    is_of_unit = np.array([UNIT in one.text for one in gold])
    share = float(made.model.manifest.data["accepted_share"])
    return Round(
        float(np.mean(agreed)) if agreed else float("nan"), float(right.mean()), float(right[is_of_unit].mean()), share
    )


@pytest.mark.slow
def test_blind_incidents_expose_an_echo_and_the_recipe_resists_it(
    taxonomy: Path, sqlite_template: Path, tmp_path: Path
) -> None:
    found: dict[float, list[Round]] = {}
    for weight in (1.0, 0.25, 0.0):
        folder = tmp_path / str(weight)
        folder.mkdir()
        (folder / "store.db").write_bytes(sqlite_template.read_bytes())
        found[weight] = list(simulated(folder, taxonomy, folder / "store.db", accepted=weight))
        table = [f"{n}: {of}" for n, of in enumerate(found[weight])]
        print(f"accepted = {weight:g}", *table, sep="\n")  # noqa: T201  the figures of training/README.md
    (before, *echoing), (_, *shipped), (_, *left_out) = found.values()
    assert before.blind_of_unit > 0.8, "the first model knows better"
    for one in echoing:
        assert one.assisted > 0.9, "by the codings that were led all is well"
        assert one.accepted_share > 0.5, "and the card says how many those are"
        assert one.blind < before.blind - 0.1, "blind incidents show what they hide"
        assert one.blind_of_unit < 0.3, "one round's mistake is learnt and handed on"
    for resisting in (shipped[-1], left_out[-1]):
        assert resisting.blind > before.blind
        assert resisting.blind_of_unit > 0.8
