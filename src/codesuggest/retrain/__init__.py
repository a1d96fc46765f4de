"""Learning from confirmations: a challenger trained on all that is confirmed, measured beside the champion."""

from codesuggest.retrain.recipe import RetrainRecipe, load_retrain_recipe
from codesuggest.retrain.running import Retrained, Surroundings, retrain

__all__ = ["RetrainRecipe", "Retrained", "Surroundings", "load_retrain_recipe", "retrain"]
