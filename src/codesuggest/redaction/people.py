"""Made-up people: names of every community in the UK, some of them kept for testing only."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codesuggest.errors import RecipeError

try:
    from faker import Faker
except ImportError as missing:
    raise RecipeError("Making up people needs Faker: pip install 'codesuggest[train-redactor]'.") from missing

LOCALES = (
    *("en_GB",) * 6,
    *("en_IN", "en_PK", "en_NG", "yo_NG", "ha_NG", "en_KE", "tw_GH", "zu_ZA", "pl_PL", "ro_RO", "tr_TR", "ga_IE"),
    *("pt_PT", "es_ES", "it_IT", "fr_FR", "de_DE", "hu_HU", "lt_LT", "cs_CZ", "en_PH", "vi_VN", "nl_NL", "sv_SE"),
)
MORE_LOCALES = (
    *("en_IE", "en_US", "en_NZ", "de_AT", "de_LU", "fr_BE", "fr_DZ", "nl_BE", "da_DK", "no_NO", "fi_FI", "is_IS"),
    *("et_EE", "lv_LV", "sk_SK", "sl_SI", "hr_HR", "es_CL", "es_CO", "es_MX", "pt_BR", "id_ID", "uz_UZ", "sw"),
    *("ig_NG", "en_TH"),
)
"""Locales that only training uses: the more names it saw, the better it knows one that it did not."""
INVENTED = 0.35
"""Share of names for training that are put together from the parts of two."""

_MALE = ("Mr", "Mr", "Mr", "Master", "Sir", "Mr.")
_FEMALE = ("Mrs", "Ms", "Miss", "Mrs", "Mrs.", "Lady")
_DOCTOR = ("Dr", "Dr", "Dr.", "Prof", "Professor", "Mr", "Miss", "Doctor")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody made up."""

    title: str
    doctor: str
    first: str
    last: str

    def form(self, form: str, rng: random.Random) -> str:
        """The person as a text names them in one of the forms of a slot."""
        initial = self.first[0]
        dot = rng.choice(("", "", "."))
        return {
            "full": f"{self.first} {self.last}",
            "first": self.first,
            "last": self.last,
            "title_last": f"{self.title} {self.last}",
            "title_full": f"{self.title} {self.first} {self.last}",
            "dr_last": f"{self.doctor} {self.last}",
            "dr_full": f"{self.doctor} {self.first} {self.last}",
            "initials": rng.choice(
                (
                    f"{initial}{self.last[0]}",
                    f"{initial}.{self.last[0]}.",
                    f"{initial}{rng.choice('ABCEJMR')}{self.last[0]}",
                )
            ),
            "initial_last": f"{initial}{dot} {self.last}",
            "last_first": rng.choice((f"{self.last.upper()}, {self.first}", f"{self.last}, {self.first}")),
            "last_initial": f"{self.last} {initial}{dot}",
        }[form]


class People:
    """A source of people whose names are all from one side: for training, or never seen in training."""

    def __init__(self, lists: Path, rng: random.Random, *, for_testing: bool) -> None:
        self._rng = rng
        self.is_testing = for_testing
        self._locales = LOCALES if for_testing else (*LOCALES, *MORE_LOCALES)
        self._fakers: dict[str, Faker] = {}
        for locale in dict.fromkeys(self._locales):
            self._fakers[locale] = Faker(locale)
            self._fakers[locale].seed_instance(rng.randrange(2**32))
        self._first, self.surnames = self._read(lists / "forenames.txt"), self._read(lists / "surnames.txt")

    def person(self) -> Person:
        """Somebody new: half from the lists, half from a locale; now and then a first name meets another's surname."""
        is_male = self._rng.random() < 0.5
        first, last = self._from_locale(is_male=is_male)
        if self._rng.random() < 0.5:
            first = self._rng.choice(self._first)
        if self._rng.random() < 0.5:
            last = self._rng.choice(self.surnames)
        if not self.is_testing and self._rng.random() < INVENTED:
            first, last = self.invented(self._first), self.invented(self.surnames)
        if self._rng.random() < 0.04:
            last = f"{last}-{self._rng.choice(self.surnames)}"
        return Person(self._rng.choice(_MALE if is_male else _FEMALE), self._rng.choice(_DOCTOR), first, last)

    def invented(self, names: Sequence[str]) -> str:
        """A name that nobody has: the head of one and the tail of another. It teaches to go by the context."""
        head, tail = self._rng.choice(names), self._rng.choice(names)
        return head[: max(2, len(head) // 2)].strip() + tail[len(tail) // 2 :].strip().lower()

    def keep(self, names: Sequence[str]) -> list[str]:
        """The names of this side."""
        return [name for name in names if name.strip() and self._is_ours(name)]

    def words(self) -> frozenset[str]:
        """The words of the lists, in lower case."""
        return frozenset(word for name in (*self._first, *self.surnames) for word in name.lower().split())

    def _read(self, file: Path) -> list[str]:
        """The names of this side in a file, and for training those of the file that only training uses."""
        more = file.with_name(f"more_{file.name}")
        files = [file] if self.is_testing or not more.is_file() else [file, more]
        return self.keep([name for path in files for name in path.read_text(encoding="utf-8").splitlines()])

    def faker(self, locale: str) -> Faker:
        """The faker of a locale, seeded."""
        return self._fakers[locale]

    def _is_ours(self, name: str) -> bool:
        side = hashlib.sha256(name.casefold().encode()).digest()[0] % 5 == 0
        return side == self.is_testing

    def _from_locale(self, *, is_male: bool) -> tuple[str, str]:
        faker = self._fakers[self._rng.choice(self._locales)]
        make_first = faker.first_name_male if is_male else faker.first_name_female
        first = next(name for name in iter(make_first, None) if self._is_ours(name))
        last = next(name for name in iter(faker.last_name, None) if self._is_ours(name))
        return first, last
