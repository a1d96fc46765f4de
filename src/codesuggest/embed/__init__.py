"""Redacted text to vectors: embedders, and one adapted to a department's own narratives."""

from codesuggest.embed.adapting import Adaptation, Adapted, adapt
from codesuggest.embed.embedders import (
    CachingEmbedder,
    Embedder,
    HashingEmbedder,
    SentenceEmbedder,
    default_embedder,
    default_folder,
    folder_embedder,
    make_embedder,
    word_pieces,
)

__all__ = [
    "Adaptation",
    "Adapted",
    "CachingEmbedder",
    "Embedder",
    "HashingEmbedder",
    "SentenceEmbedder",
    "adapt",
    "default_embedder",
    "default_folder",
    "folder_embedder",
    "make_embedder",
    "word_pieces",
]
