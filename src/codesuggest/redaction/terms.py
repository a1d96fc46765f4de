"""Made-up terms that sound like names and are nobody's: what is named after people, products and drugs.

A real term can be known by heart; these teach to go by what stands around it.
"""

import random
from collections.abc import Sequence

_BRAND = (
    (
        "soma magni opti vari cardi neuro flexi omni radi lumi pro syn ultra clari vascu duo tri acu nova intelli "
        "mobi arti vue axi pulse bio medi endo ortho sono echo tele digi sense quanta hydro kine steri perfu spectra "
        "integra verti car zen stel vol al cer mono"
    ),
    (
        "tom vue scan ray flow max view cath port line path wave gen tech sys dyne mark star form x flex guide seal "
        "lock trace spot pen care plex lux rix tis ion or ex is on us a"
    ),
)
_DRUG = (
    (
        "gado io tri fluoro tech predni meto amio lora cefo cipro dexa ome ator apixa riva dabi sali mido furo octre "
        "feno glyco buta panto"
    ),
    (
        "butrol hexol versol promide mine lone prolol darone zepam taxime floxacin methasone prazole vastatin ban "
        "gatran cet vist paque ray tate mide pril sartan cillin mycin zolam lax dol pan"
    ),
)
"""Heads and tails, parted by blanks."""


def eponym(surnames: Sequence[str], rng: random.Random) -> str:
    """What a sign, a view or a device may be named after: a surname, at times two."""
    names = [name for name in rng.sample(surnames, 4) if name.isalpha()] or ["Colles"]
    return "-".join(names[:2]) if rng.random() < 0.12 else names[0]


def brand(rng: random.Random) -> str:
    """A product or a maker."""
    name = _joined(_BRAND, rng).capitalize()
    number = rng.random()
    return f"{name} {rng.choice(('One', 'Pro', 'HD', 'Edge', 'X', 'II', '3', '64'))}" if number < 0.12 else name


def drug(rng: random.Random) -> str:
    """A drug, written as a brand is or as a substance is."""
    name = _joined(_DRUG, rng)
    return name.capitalize() if rng.random() < 0.7 else name


def _joined(parts: tuple[str, str], rng: random.Random) -> str:
    heads, tails = parts
    return rng.choice(heads.split()) + rng.choice(tails.split())
