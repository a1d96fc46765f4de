"""The recipe of a department's retraining: a training recipe, and what is done with confirmations and gold."""

from pathlib import Path

from pydantic import Field

from codesuggest.checked import load_checked
from codesuggest.errors import RecipeError
from codesuggest.train.recipe import Recipe, Strict, checked_recipe


class LabelsPart(Strict):
    """How much codes count in training, by where they come from. 1 is full weight; 0 leaves them out."""

    accepted: float = Field(1.0, ge=0, le=1, description="Codes of an axis on which the first suggestion was taken.")
    imported: float = Field(1.0, ge=0, le=1, description="Codes that an incident came with, or those of `data.files`.")


class GoldPart(Strict):
    """What champion and challenger are measured on, and never trained on."""

    share: float = Field(
        0.3, ge=0, lt=1, description="Share of the incidents coded blind, by two or settled that is drawn for gold."
    )
    files: tuple[Path, ...] = Field((), description="Files of narratives with settled codes: all of them are gold.")


class HeldOutPart(Strict):
    """Models trained beside, to be measured on what they were kept from."""

    newest_days: int = Field(91, ge=1, description="How long the newest quarter is, in days.")
    newest: bool = Field(default=True, description="Whether a model is trained without the newest quarter.")
    site_folds: int = Field(
        3, ge=0, description="Parts that the sites are put in; a model is trained without each. 0: none."
    )
    curve: tuple[float, ...] = Field((0.25, 0.5), description="Shares of the incidents to draw a learning curve from.")


class RetrainRecipe(Recipe):
    """A whole recipe of retraining."""

    labels: LabelsPart = LabelsPart()
    gold: GoldPart = GoldPart()
    held_out: HeldOutPart = HeldOutPart()


def load_retrain_recipe(path: Path) -> RetrainRecipe:
    """The recipe in a TOML file, its paths made absolute. Raises RecipeError naming the key that is wrong."""
    recipe = checked_recipe(load_checked(path, RetrainRecipe, RecipeError), path)
    if recipe.split.by != "none":
        raise RecipeError(f"{path}: split.by: retraining draws its own gold. Leave the split out.")
    root = path.resolve().parent
    files = tuple(root / file for file in recipe.gold.files)
    return recipe.model_copy(update={"gold": recipe.gold.model_copy(update={"files": files})})
