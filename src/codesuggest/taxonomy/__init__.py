"""Taxonomies as data: loading and checking them, their coding strings, and making one from a table."""

from codesuggest.taxonomy.folder import load_taxonomy, shipped_taxonomies, write_taxonomy
from codesuggest.taxonomy.grammar import (
    FoundCoding,
    find_coding_strings,
    parse_coding_string,
    write_coding_string,
)

__all__ = [
    "FoundCoding",
    "find_coding_strings",
    "load_taxonomy",
    "parse_coding_string",
    "shipped_taxonomies",
    "write_coding_string",
    "write_taxonomy",
]
