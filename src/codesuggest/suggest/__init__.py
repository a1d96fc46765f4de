"""Redact, embed, rank: every axis of a narrative in one answer, checked and explained."""

from codesuggest.suggest.suggester import Scorer, Suggester

__all__ = ["Scorer", "Suggester"]
