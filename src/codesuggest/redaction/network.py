"""The tagger's network in torch, for training: the same sums that `redact.tagger` does in numpy."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from codesuggest.redact.sight import N_FLAGS, N_SHAPES, N_SUFFIXES, Sight
from codesuggest.redact.spelling import N_LETTERS, WINDOWS, Letters
from codesuggest.redact.tagger import DILATIONS, LEARNT, POOL_BEHIND

_HASHED = 16
"""Columns of a suffix's and of a shape's vector."""
_LETTER = 24
"""Columns of a letter's vector."""


class _Layer(nn.Module):
    def __init__(self, n_in: int, width: int, dropout: float) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(n_in, width), nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, given: Tensor) -> Tensor:
        added: Tensor = self.norm(hidden + self.drop(functional.relu(self.linear(given))))
        return added


class Network(nn.Module):
    """From what is seen of words to the logits of what they are.

    table_width   columns of the pieces' vectors, which a projection, which is learnt, draws to vector_width.
    n_filters     of each length that a word's letters go through.
    """

    def __init__(
        self, table_width: int, *, vector_width: int, width: int, dropout: float, hidden: float, n_filters: int
    ) -> None:
        super().__init__()
        self._hidden = hidden
        self.project = nn.Linear(table_width, vector_width, bias=False)
        self.suffixes = nn.Parameter(torch.randn(N_SUFFIXES, _HASHED) * 0.1)
        self.shapes = nn.Parameter(torch.randn(N_SHAPES, _HASHED) * 0.1)
        self.letters = nn.Parameter(torch.randn(N_LETTERS, _LETTER) * 0.3)
        self.filters = nn.ModuleDict({str(n): nn.Linear(n * _LETTER, n_filters) for n in WINDOWS})
        self.enter = nn.Linear(vector_width + len(WINDOWS) * n_filters + 2 * _HASHED + N_FLAGS, width)
        self.layers = nn.ModuleList(_Layer(3 * width, width, dropout) for _ in DILATIONS)
        self.pool = _Layer(2 * width, width, dropout)
        self.leave = nn.Linear(width, 1 + 2 * len(LEARNT))
        self.drop = nn.Dropout(dropout)

    def forward(self, sight: Sight, vectors: Tensor, letters: Letters) -> Tensor:
        """Logits, shape (n, 1 + 2 * n_types).

        vectors  the means of the words' pieces, shape (n, table_width).    letters  shape (n, LENGTH).
        """
        is_word = torch.from_numpy(sight.is_word)
        groups = torch.from_numpy(sight.groups)
        known = self._known(is_word)
        parts = [
            self.drop(self.project(vectors)) * known,
            self.drop(self._spelt(sight, letters)) * known,
            self.drop(self.suffixes[torch.from_numpy(sight.suffixes)]),
            self.drop(self.shapes[torch.from_numpy(sight.shapes)]),
            torch.from_numpy(sight.flags),
        ]
        hidden = functional.relu(self.enter(torch.cat(parts, dim=1))) * is_word
        for number, (layer, dilation) in enumerate(zip(self.layers, DILATIONS, strict=True)):
            if number == POOL_BEHIND:
                hidden = self.pool(hidden, torch.cat([hidden, _pooled(hidden, groups)], dim=1)) * is_word
            hidden = layer(hidden, _window(hidden, dilation)) * is_word
        logits: Tensor = self.leave(hidden)
        return logits

    def _spelt(self, sight: Sight, letters: Letters) -> Tensor:
        """What the filters make of the words' letters, of each word once."""
        _, first, again = np.unique(sight.words, return_index=True, return_inverse=True)
        seen = self.letters[torch.from_numpy(letters[first].astype(np.int64))]
        made = [
            functional.relu(self.filters[str(n)](seen.unfold(1, n, 1).transpose(2, 3).flatten(2)).amax(dim=1))
            for n in WINDOWS
        ]
        return torch.cat(made, dim=1)[torch.from_numpy(again)]

    def _known(self, is_word: Tensor) -> Tensor:
        """In training some words' vectors are hidden: what stands around a word has to be enough."""
        return (torch.rand_like(is_word) >= self._hidden).float() if self.training else is_word

    def weights(self) -> dict[str, np.ndarray]:
        """Everything but the projection, which is drawn into the table of pieces."""
        return {k: v.detach().numpy() for k, v in self.state_dict().items() if k != "project.weight"}


def _window(hidden: Tensor, dilation: int) -> Tensor:
    padded = functional.pad(hidden, (0, 0, dilation, dilation))
    return torch.cat([padded[: -2 * dilation], hidden, padded[2 * dilation :]], dim=1)


def _pooled(hidden: Tensor, groups: Tensor) -> Tensor:
    total = torch.zeros_like(hidden).index_add(0, groups, hidden)
    count = torch.bincount(groups, minlength=len(groups)).clamp(min=1)
    return (total / count[:, None])[groups]
