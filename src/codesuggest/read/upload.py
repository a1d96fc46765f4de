"""Where a file comes from: this machine's disk, or the network."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePath
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came over the network. It is held in memory only: it holds raw narratives."""

    name: str
    content: bytes = field(repr=False)

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePath(self.name).suffix

    def __str__(self) -> str:
        """Its name, for errors."""
        return self.name


File = Path | Upload


def source(path: File) -> Path | BytesIO:
    """What libraries that take a path or a file can read, from the start."""
    return path if isinstance(path, Path) else BytesIO(path.content)


def binary(path: File) -> BinaryIO:
    """The file, opened at its start."""
    return path.open("rb") if isinstance(path, Path) else BytesIO(path.content)
