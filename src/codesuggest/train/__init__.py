"""Coded incidents and a recipe to a model."""

from codesuggest.train.newest import date_of
from codesuggest.train.recipe import Recipe, load_recipe
from codesuggest.train.training import Coded, Material, Training, learn, read_coded, train

__all__ = ["Coded", "Material", "Recipe", "Training", "date_of", "learn", "load_recipe", "read_coded", "train"]
