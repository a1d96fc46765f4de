"""Taxonomies as data: loading and checking them, their coding strings, and making one from a table."""

from codesuggest.taxonomy.crosswalk import Crosswalk, Moved, Open, agreed, load_crosswalk, require_coded_in
from codesuggest.taxonomy.folder import load_taxonomy, shipped_taxonomies, write_taxonomy
from codesuggest.taxonomy.grammar import (
    FoundCoding,
    find_coding_strings,
    parse_coding_string,
    write_coding_string,
)
from codesuggest.taxonomy.wording import worded

__all__ = [
    "Crosswalk",
    "FoundCoding",
    "Moved",
    "Open",
    "agreed",
    "find_coding_strings",
    "load_crosswalk",
    "load_taxonomy",
    "parse_coding_string",
    "require_coded_in",
    "shipped_taxonomies",
    "worded",
    "write_coding_string",
    "write_taxonomy",
]
