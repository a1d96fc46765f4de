"""Text in which what is personal is marked."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and what is personal in it: (start, end, type) by character."""

    text: str = field(repr=False)
    spans: tuple[tuple[int, int, str], ...]
