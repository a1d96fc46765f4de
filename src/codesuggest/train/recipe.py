"""A training recipe: everything that decides what a model becomes, in one checked TOML file."""

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.errors import RecipeError
from codesuggest.read import Columns


class Strict(BaseModel):
    """A part of a recipe: a key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataPart(Strict):
    """Where the coded narratives are. Paths are relative to the recipe."""

    files: tuple[Path, ...] = Field(
        (), description="Files of coded narratives, read in this order. None: what the taxonomy says of its codes."
    )
    columns: Columns = Field(Columns(), description="Which column is what.")
    redacted: bool = Field(
        default=False,
        description="True declares that the data holds no personal data, so that it is not redacted. Recorded.",
    )
    unknown_codes: Literal["error", "drop"] = Field(
        "error", description="What to do with a code that the taxonomy does not have."
    )


class SplitPart(Strict):
    """Which narratives train. The others are left for `evaluate`."""

    by: Literal["none", "column", "time", "site", "random"] = Field(
        "none",
        description="How narratives are told apart: by a column's value, the newest last, sites held out, "
        "or at random with near-duplicates kept together.",
    )
    column: str = Field("", description="The column that holds the part, the date (as 2026-03-14) or the site.")
    file: Path | None = Field(None, description="CSV with the incident's id and that column, if they stand apart.")
    train: tuple[str, ...] = Field(("train",), description="By column: the values that train.")
    hold_out: tuple[str, ...] = Field((), description="By site: the sites held out.")
    share: float = Field(0.2, gt=0, lt=1, description="By time or at random: the share held out.")


class EmbedderPart(Strict):
    """How narratives become vectors."""

    name: str = Field("minilm", description="`minilm`, `folder`, or `hashing-128` for a model without weights.")
    folder: Path | None = Field(None, description="A sentence-transformers folder, for `folder`.")


class RankerPart(Strict):
    """Options of the rankers; see CodeRanker."""

    lexical_c: float = Field(0.15, gt=0, description="Inverse regularisation of the lexical model.")
    embedding_c: float = Field(10.0, gt=0, description="Inverse regularisation of the embedding model.")
    n_neighbours: int = Field(15, ge=1, description="Similar narratives that have a vote.")
    n_folds: int = Field(3, ge=2, le=10, description="Folds to learn the pool's weights on.")
    max_words: int = Field(100_000, ge=1, description="Most word features.")
    max_characters: int = Field(200_000, ge=1, description="Most character features.")


class Recipe(Strict):
    """A whole recipe."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="The model's name.")
    taxonomy: str = Field(description="A shipped taxonomy's name, or a folder relative to the recipe.")
    seed: int = Field(0, description="Decides folds and random splits.")
    data: DataPart
    split: SplitPart = SplitPart()
    embedder: EmbedderPart = EmbedderPart()
    ranker: RankerPart = RankerPart()


AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


def load_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file, its paths made absolute. Raises RecipeError naming the key that is wrong."""
    return checked_recipe(load_checked(path, Recipe, RecipeError), path)


def checked_recipe(recipe: AnyRecipe, path: Path) -> AnyRecipe:
    """A recipe as read from a file, its paths made absolute. Raises RecipeError if its keys do not go together."""
    return _checked(path, _anchored(recipe, path.resolve().parent))


def recorded(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a manifest keeps it: file names without the folders of this machine."""

    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {key: bare(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [bare(part) for part in value]
        return value.name if isinstance(value, Path) else value

    content = bare(recipe.model_dump())
    return content | {"taxonomy": Path(recipe.taxonomy).name} if isinstance(content, dict) else {}


def _anchored(recipe: AnyRecipe, root: Path) -> AnyRecipe:
    data = recipe.data.model_copy(update={"files": tuple(root / file for file in recipe.data.files)})
    split = recipe.split.model_copy(update={"file": root / recipe.split.file if recipe.split.file else None})
    folder = recipe.embedder.folder
    embedder = recipe.embedder.model_copy(update={"folder": root / folder if folder else None})
    taxonomy = str(root / recipe.taxonomy) if (root / recipe.taxonomy).is_dir() else recipe.taxonomy
    return recipe.model_copy(update={"data": data, "split": split, "embedder": embedder, "taxonomy": taxonomy})


def _checked(path: Path, recipe: AnyRecipe) -> AnyRecipe:
    split = recipe.split
    if split.by in ("column", "time", "site") and not split.column:
        raise RecipeError(f"{path}: split.by = '{split.by}' needs split.column.")
    if split.by == "site" and not split.hold_out:
        raise RecipeError(f"{path}: split.by = 'site' needs split.hold_out, the sites to hold out.")
    if (recipe.embedder.name == "folder") != (recipe.embedder.folder is not None):
        raise RecipeError(f"{path}: embedder.folder and embedder.name = 'folder' go together.")
    return recipe
