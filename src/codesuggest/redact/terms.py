"""What sounds like a name and is a term: listed words, and whatever a view, a sign or a device is named after."""

import regex

from codesuggest.domain import Span

_WORD = regex.compile(r"[\p{L}][\p{L}'’\-]*\.?")
_KIND = regex.compile(r"[A-DLR]|[IVX]{1,4}[A-F]?")
"""What a type or a grade of something listed is called: `Weber B`, `Bosniak IIF`."""
_TITLE = regex.compile(
    r"(?i)(?:Mr|Mrs|Ms|Miss|Mx|Master|Sir|Dame|Lady|Lord|Dr|Drs|Doctor|Prof|Professor|Sister|Nurse|Matron|Radiographer"
    r"|Consultant|Registrar)\.?$"
)
_FINDING = (
    r"views?|projections?|signs?|syndrome|disease|method|manoeuvre|maneuver|classification|criteria|contracture|palsy|lymphoma|sarcoma|canal"
    r"|ligament|thyroiditis|goitre|ataxia|chorea|oesophagus|encephalopathy|oesophagectomy|fundoplication|phenomenon"
    r"|malformation|dysplasia|dystrophy|ganglion|aneurysm|units?|triangle|reflex|bandage|(?-i:ward)(?! ?\d)"
)
_DEVICE = (
    r"fractures?|cysts?|catheters?|technique|nodes?|needles?|procedure|lesions?|deformity|hernia|diverticulum"
    r"|tendon|chamber|injector|angle|block|graft|anaemia|stents?|filters?|snare|forceps|splint|frame|phantom"
    r"|detectors?|scanners?|software|osteotomy|prosthesis|arthroplasty|nail|plates?|guidewire|sheath|balloon"
    r"|coils?|cannula|syringes?|generator|gamma camera|workstation|linac|tumours?|abscess|ulcer|score|scale"
    r"|grade|index|ratio|position|repair|clamp|drain|tubes?|lines?|rod|pins?|hip stem|hoist|pump|tests?|triad"
    r"|tetralogy|wires?|valve|viewer|collar|brace|airway|blade|dressing|applicator|ovoids|operation|protocol|guidelines?"
    r"|effect|nerve|artery|vein|cells?|bodies|nodules?|zones?|joints?|bursa|pouch|fossa|foramen|duct|gland|ring|shunt|loop"
    r"|focus|hump|fingers|calcification|laxity|stage|staging|grading|antibody|stain|agar|medium|solution|dose|trial"
)
_SHARED = r"(?:(?: ?[/,&] ?| and | or )\p{Lu}[\p{L}\-]+){0,2}"
"""The others that one noun is said of: `Ferris, Brodell and Judet views`."""
_NOT_DONE_TO = (
    r"(?! (?:the|a|an|his|her|their|my|our|your|every|each|all|both|it|this|that|for me|for us|off|up)\b)(?![\-\w])"
)
"""What follows a verb: `Patel signs the form` names nobody's sign."""
_SURELY = regex.compile(rf"{_SHARED}(?:['’]s?)?[ \-](?i:{_FINDING}){_NOT_DONE_TO}")
_PERHAPS = regex.compile(rf"{_SHARED}(?:['’]s?)?[ \-](?i:{_DEVICE}){_NOT_DONE_TO}")
"""The Hickman line and the line of a patient called Hickman: only the surest finding of a person counts here."""
_SURE = 0.85
_LAST_WORD = regex.compile(rf"(?:['’]s?)?[ \-](?i:{_FINDING}|{_DEVICE})$")
_HEAD = regex.compile(r"(?:\p{L}+[\-‐]){1,2}\p{L}*$|\p{L}+$|\p{L}+[\-‐](?=$)")
_TAIL = regex.compile(r"\p{L}*(?:[\-‐]\p{L}+){0,2}")


def is_term(text: str, span: Span, allowed: frozenset[str]) -> bool:
    """Whether a finding is a term that is never personal, or consists of such terms, or names a sign, view or the like.

    A title before it makes it a person all the same; a title alone is nobody.
    """
    value = text[span.start : span.end]
    words = _WORD.findall(value)
    if words and all(_TITLE.match(word) for word in words):
        return True
    if not words or _TITLE.match(words[0]):
        return not any(character.isalnum() for character in value)
    return _is_listed(words, allowed) or _is_named_after(text, span, allowed)


def _is_listed(words: list[str], allowed: frozenset[str]) -> bool:
    while len(words) > 1 and _KIND.fullmatch(words[-1]):
        words = words[:-1]
    folded = [fold(word) for word in words]
    return " ".join(folded) in allowed or all(word in allowed for word in folded)


def _is_named_after(text: str, span: Span, allowed: frozenset[str]) -> bool:
    """Whether a thing stands behind the name, or as its last word inside the finding."""
    if span.type not in ("PERSON", "ORGANIZATION", "LOCATION"):
        return False
    value = text[span.start : span.end]
    if inside := _LAST_WORD.search(value):
        return _is_listed(_WORD.findall(value[: inside.start()]), allowed) or span.score < _SURE
    return bool(_SURELY.match(text, span.end) or (span.score < _SURE and _PERHAPS.match(text, span.end)))


def whole_words(text: str, span: Span) -> Span:
    """A finding of a name with the rest of the word that it starts or ends in: `Salter[-Harris]` is found as one."""
    before, behind = _HEAD.search(text, max(0, span.start - 40), span.start), _TAIL.match(text, span.end)
    start = before.start() if before else span.start
    return Span(start, behind.end() if behind else span.end, span.type, span.score)


def fold(word: str) -> str:
    """A word as the list of allowed terms has it."""
    return word.rstrip(".").casefold().removesuffix("'s").removesuffix("’s").rstrip("'’")
