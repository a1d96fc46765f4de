"""A department's folder in which `codesuggest` runs as a process of its own."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from coded import TAXONOMY, fill, sample
from codesuggest.promotion import Shelf
from codesuggest.registry import Model, save_model
from codesuggest.settings import shipped
from codesuggest.store.database import Database

N = 100
RECIPE = f"""
name = "ward"
taxonomy = "{TAXONOMY}"
[data]
[embedder]
name = "hashing-64"
[ranker]
n_folds = 2
max_words = 2000
max_characters = 2000
[labels]
accepted = 0.25
[gold]
share = 0.5
[held_out]
newest = false
site_folds = 0
curve = [0.5]
"""
GATE = """[gate]
confidence = 0.9
margin = 0.9
margin_few = 0.9
margin_calibration = 0.9
fewest_gold = 10
fewest = 10
rare_under = 20
"""
"""Lets by whatever is better somewhere, on the little gold that a ward has."""
RUN = "from codesuggest.cli import main; main()"


@dataclass(frozen=True)
class Ward:
    """The folder: a store with coded incidents, a champion in use, a recipe and a protocol."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, champion: Model, empty_store: Path) -> "Ward":
        """A ward whose champion is this model; half its incidents are coded blind."""
        shutil.copy(empty_store, folder / "store.db")
        database = Database(f"sqlite:///{folder}/store.db")
        fill(database, sample(N, first=200))
        database.close()
        save_model(champion, folder / "models" / champion.manifest.name)
        (folder / "models" / "in-use").write_text(f"{champion.manifest.name}\n")
        (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
        protocol, _, _ = shipped("protocol.toml").read_text(encoding="utf-8").partition("[gate]")
        (folder / "protocol.toml").write_text(protocol + GATE, encoding="utf-8")
        return cls(folder)

    @property
    def shelf(self) -> Shelf:
        """Its models."""
        return Shelf(self.folder / "models")

    @property
    def settings(self) -> dict[str, str]:
        """What its operator has set."""
        return {
            "CODESUGGEST_MODELS_DIR": str(self.shelf.folder),
            "CODESUGGEST_DATABASE_URL": f"sqlite:///{self.folder}/store.db",
            "CODESUGGEST_PROTOCOL": str(self.folder / "protocol.toml"),
            "CODESUGGEST_THREADS": "1",
        }

    def start(self, *arguments: str, program: str = RUN, **environment: str | None) -> subprocess.Popen[str]:
        """Start a command, in a process group of its own; of its environment, None takes a variable away."""
        wanted = {**os.environ, **self.settings, **environment}
        return subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=self.folder,
            env={name: value for name, value in wanted.items() if value is not None},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, program: str = RUN, **environment: str | None) -> tuple[int, str, str]:
        """A command to its end: exit status, standard output and error."""
        process = self.start(*arguments, program=program, **environment)
        output, problem = process.communicate(timeout=600)
        return process.returncode, output, problem

    def in_use(self) -> tuple[str, dict[str, str]]:
        """The model in use: its name, and a hash of each of its files."""
        name = self.shelf.in_use
        folder = self.shelf.folder / name
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return name, {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
