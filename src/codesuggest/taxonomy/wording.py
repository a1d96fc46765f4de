"""A code as a reader sees it: what its definition refers to stands there, and no axis goes by its key."""

import re
from dataclasses import replace

from codesuggest.domain import Code, Taxonomy

_REFERENCE = re.compile(r"\s*(?:as|see)\s+(?:for\s+|under\s+)?(\w+)\s*\.?\s*", re.IGNORECASE)
"""A definition that says no more than where the code is defined: `As intended_modality`."""


def worded(taxonomy: Taxonomy, axis: str, code: str) -> Code:
    """A code with its definition in words; one that the taxonomy does not list has its own name as its label.

    A definition that only names another axis is that axis's definition of the code of the same name.
    """
    known = taxonomy.by_code.get(axis, {}).get(code) or Code(axis, code, code)
    return replace(known, definition=_without_keys(taxonomy, _referred(taxonomy, known)))


def _referred(taxonomy: Taxonomy, code: Code) -> str:
    seen = {code.axis}
    while (reference := _REFERENCE.fullmatch(code.definition)) and reference[1] not in seen:
        seen.add(reference[1])
        other = taxonomy.by_code.get(reference[1], {}).get(code.code)
        if other is None or not other.definition:
            break
        code = other
    return code.definition


def _without_keys(taxonomy: Taxonomy, definition: str) -> str:
    """A definition in which axes go by their labels; a key that is a plain word stays, for it may be meant as one."""
    for key, axis in taxonomy.axis.items():
        if "_" in key:
            definition = re.sub(rf"\b{re.escape(key)}\b", f"“{axis.label}”", definition)
    return definition
