"""Moving coded incidents to another taxonomy: in a file, or in the store. What was coded before stays as it was."""

from codesuggest.crosswalk.file import MovedFile, move_file
from codesuggest.crosswalk.proposing import propose
from codesuggest.crosswalk.store import MovedStore, move_store

__all__ = ["MovedFile", "MovedStore", "move_file", "move_store", "propose"]
