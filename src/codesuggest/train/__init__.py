"""Coded incidents and a recipe to a model."""

from codesuggest.train.recipe import Recipe, load_recipe
from codesuggest.train.training import Training, train

__all__ = ["Recipe", "Training", "load_recipe", "train"]
