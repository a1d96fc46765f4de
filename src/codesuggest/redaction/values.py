"""Made-up values for every kind of slot that is not a person."""

import datetime as dt
import random
import string
from collections.abc import Callable
from pathlib import Path

from codesuggest.redact.recognisers import nhs_check_digit
from codesuggest.redaction.people import INVENTED, People, Person
from codesuggest.redaction.terms import brand, drug, eponym

_DATES = (
    "%d/%m/%Y",
    "%d/%m/%y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y-%m-%d",
    "%d %b %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%d%m%Y",
    "%d%m%y",
)
_FOREIGN = ("de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "nl_NL", "sv_SE", "hu_HU", "en_IN", "en_PH")
_MORE_FOREIGN = ("en_US", "en_NZ", "de_AT", "da_DK", "no_NO", "fi_FI", "sk_SK", "hr_HR", "es_CL", "es_MX", "pt_BR")
"""Locales of addresses that only training uses."""
_ABROAD = 0.2
"""Share of addresses that are put together from parts of foreign ones, for training."""


class Values:
    """A source of made-up values of one side: lists split as People splits names."""

    def __init__(self, lists: Path, rng: random.Random, people: People) -> None:
        self._rng = rng
        self._people = people
        self._is_testing = people.is_testing
        self._foreign = _FOREIGN if people.is_testing else (*_FOREIGN, *_MORE_FOREIGN)
        self._foreign_share = 0.25 if people.is_testing else 0.4
        names = ("towns", "streets", "buildings", "companies", "places_abroad", "countries")
        self._lists = {n: people.keep((lists / f"{n}.txt").read_text(encoding="utf-8").splitlines()) for n in names}
        self._makers: dict[str, Callable[[str], str]] = {
            "LOCATION": self._location,
            "ADDRESS": self._address,
            "UK_POSTCODE": lambda _: self._postcode(),
            "ORGANIZATION": self._organisation,
            "UK_NHS": self._nhs,
            "UK_CHI": lambda _: self._date("%d%m%y") + self._rng.choice(("", " ")) + self._digits(4),
            "UK_HC_NUMBER": lambda _: self._spaced(f"3{self._digits(9)}"),
            "HOSPITAL_NUMBER": lambda _: self._hospital_number(),
            "ACCESSION_NUMBER": lambda _: self._accession(),
            "DATE_OF_BIRTH": lambda _: self._date(self._rng.choice(_DATES)),
            "PHONE_NUMBER": self._phone,
            "BLEEP": lambda _: self._digits(self._rng.choice((3, 4, 4))),
            "EMAIL_ADDRESS": lambda _: self._email(),
            "PROFESSIONAL_ID": self._professional,
            "USER_NAME": lambda _: self._user_name(),
            "AGE": lambda _: str(self._rng.choice((90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 101, 103))),
            "UK_NINO": lambda _: self._nino(),
            "URL": lambda _: f"https://{self._word()}.example/{self._word()}/{self._digits(4)}",
            "IP_ADDRESS": lambda _: (
                f"10.{self._rng.randrange(256)}.{self._rng.randrange(256)}.{self._rng.randrange(1, 255)}"
            ),
            "UK_VEHICLE_REGISTRATION": lambda _: self._registration(),
        }

    def value(self, type: str, form: str) -> str:
        """A value of this type and form."""
        return self._makers[type](form)

    def plain(self, kind: str) -> str:
        """Something that varies and is not personal: a serial number, a dose, a time."""
        rng = self._rng
        return {
            "serial": lambda: rng.choice(
                (
                    f"{self._letters(2)}{self._digits(6)}",
                    self._digits(rng.choice((6, 7, 8, 10))),
                    f"SN-{self._digits(5)}{self._letters(1)}",
                )
            ),
            "date": lambda: rng.choice(
                (
                    f"{rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/{rng.randrange(2023, 2027)}",
                    f"{rng.randrange(1, 29)} {rng.choice(('Jan', 'March', 'May', 'June', 'Oct'))}",
                    f"{rng.randrange(1, 29)}/{rng.randrange(1, 13)}",
                )
            ),
            "time": lambda: rng.choice(
                (
                    f"{rng.randrange(24):02d}:{rng.randrange(60):02d}",
                    f"{rng.randrange(24):02d}{rng.randrange(60):02d}",
                    f"{rng.randrange(1, 12)}pm",
                )
            ),
            "age": lambda: str(rng.randrange(1, 90)),
            "number": lambda: str(rng.choice((rng.randrange(2, 100), rng.randrange(100, 3000)))),
            "dose": lambda: rng.choice(
                (
                    f"{rng.randrange(50, 800)} MBq",
                    f"{rng.randrange(100, 2000)} mGy.cm",
                    f"{rng.randrange(1, 90) / 10} mSv",
                    f"{rng.randrange(50, 150)} ml",
                )
            ),
            "code": lambda: f"{rng.choice('EFXT')}{self._digits(rng.choice((2, 3, 4)))}",
            "eponym": lambda: eponym(self._people.surnames, rng),
            "brand": lambda: brand(rng),
            "drug": lambda: drug(rng),
        }[kind]()

    def _pick(self, name: str) -> str:
        """An entry of a list, now and then, for training, one that is put together from two."""
        if not self._is_testing and self._rng.random() < INVENTED:
            return self._people.invented(self._lists[name])
        return self._rng.choice(self._lists[name])

    def words(self) -> frozenset[str]:
        """The words of the lists of towns and countries, in lower case."""
        places = [place for name in ("towns", "places_abroad", "countries") for place in self._lists[name]]
        return frozenset(word for place in places for word in place.lower().split())

    def _location(self, form: str) -> str:
        if form == "country":
            return self._rng.choice(self._lists["countries"])
        return self._pick("places_abroad" if self._rng.random() < 0.2 else "towns")

    def _address(self, form: str) -> str:
        rng = self._rng
        if not self._is_testing and rng.random() < _ABROAD:
            return self._abroad(form)
        street = f"{rng.randrange(1, 300)}{rng.choice(('', '', '', 'a', 'B'))} {rng.choice(self._lists['streets'])}"
        if rng.random() < 0.2:
            street = f"Flat {rng.randrange(1, 40)}, {street}"
        elif rng.random() < 0.1:
            street = f"{rng.choice(self._lists['buildings'])} Cottage, {rng.choice(self._lists['streets'])}"
        if form != "full":
            return street
        if rng.random() < self._foreign_share:
            faker = self._people.faker(rng.choice(self._foreign))
            return str(faker.address()).replace("\n", rng.choice(("\n", ", ")))
        comma = rng.choice((", ", ", ", "\n", " "))
        return comma.join((street, rng.choice(self._lists["towns"]), self._postcode()))

    def _abroad(self, form: str) -> str:
        """A foreign street, with parts of addresses of other countries before and behind it."""
        rng = self._rng
        faker = self._people.faker(rng.choice(self._foreign))
        street = str(faker.street_address()).replace("\n", ", ")
        box = f"P.O. Box {rng.randrange(10, 9000)}"
        front = rng.choice(("", "", "", f"{rng.randrange(100, 99_999)} ", f"Apt. {rng.randrange(1, 999)} ", f"{box}, "))
        unit = rng.choice(
            (
                "",
                "",
                f"Suite {rng.randrange(1, 999)}",
                f"Apt. {rng.randrange(1, 999)}",
                f"Unit {rng.randrange(90)}",
                box,
            )
        )
        comma = rng.choice((", ", ", ", "\n", "\n    ", " "))
        if form != "full":
            return rng.choice(
                (street, street, box, f"the corner of {street} and {faker.street_name()}", f"{front}{street}")
            )
        country = rng.choice(("", rng.choice(self._lists["countries"])))
        place = rng.choice(
            (f"{faker.city()} {faker.postcode()}", f"{faker.postcode()} {faker.city()}", str(faker.city()))
        )
        return comma.join(part for part in (f"{front}{street}", unit, place, country) if part)

    def _organisation(self, form: str) -> str:
        rng = self._rng
        place = self._pick(rng.choice(("buildings", "buildings", "towns")))
        ends = {
            "hospital": (
                "Hospital",
                "General Hospital",
                "Infirmary",
                "Royal Infirmary",
                "District General",
                "Community Hospital",
                "General",
                "Royal",
            ),
            "gp": ("Surgery", "Medical Centre", "Health Centre", "Medical Practice", "Practice", "Family Practice"),
            "school": ("School", "Primary School", "Academy", "High School", "College", "C of E Primary"),
            "care_home": ("Care Home", "Nursing Home", "House", "Lodge", "Residential Home", "Court"),
            "trust": ("NHS Foundation Trust", "University Hospitals NHS Trust", "Health Board", "NHS Trust"),
        }
        if form == "prison":
            return f"HMP {place}"
        if form in ends:
            return f"{place} {rng.choice(ends[form])}"
        faker = self._people.faker(rng.choice(("en_GB", *self._foreign)))
        return rng.choice(
            (rng.choice(self._lists["companies"]), rng.choice(self._lists["companies"]), str(faker.company()))
        )

    def _postcode(self) -> str:
        rng = self._rng
        area = rng.choice(("LS", "M", "B", "EH", "CF", "BT", "SW", "NE", "PL", "DH", "G", "SA", "TR", "YO", "IP", "CT"))
        space = rng.choice((" ", " ", " ", ""))
        return f"{area}{rng.randrange(1, 20)}{space}{rng.randrange(1, 10)}{''.join(rng.choices('ABDEFGHJLNPQRSTUWXYZ', k=2))}"

    def _nhs(self, form: str) -> str:
        while True:
            number = f"{self._rng.choice('4679')}{self._digits(9)}"
            if nhs_check_digit(number) == (form != "bad"):
                return self._spaced(number)

    def _spaced(self, ten: str) -> str:
        gap = self._rng.choice((" ", " ", "", "-"))
        return gap.join((ten[:3], ten[3:6], ten[6:]))

    def _hospital_number(self) -> str:
        return self._rng.choice(
            (
                f"{self._letters(1)}{self._digits(6)}",
                f"{self._letters(2)}{self._digits(6)}",
                f"{self._letters(3)}{self._digits(7)}",
                self._digits(7),
                self._digits(8),
                self._digits(6),
                f"{self._letters(1)}/{self._digits(6)}",
            )
        )

    def _accession(self) -> str:
        return self._rng.choice(
            (
                f"{self._letters(3)}{self._digits(10)}",
                f"{self._letters(2)}{self._digits(9)}",
                self._digits(8),
                f"{self._letters(3)}{self._digits(7)}-{self._digits(1)}",
            )
        )

    def _phone(self, form: str) -> str:
        rng = self._rng
        if form == "ext":
            return self._digits(rng.choice((4, 5)))
        if form == "intl":
            return rng.choice(
                (
                    f"+44 7{self._digits(3)} {self._digits(6)}",
                    f"+353 87 {self._digits(7)}",
                    f"+44 (0){self._digits(3)} {self._digits(3)} {self._digits(4)}",
                    f"0044 20 {self._digits(4)} {self._digits(4)}",
                )
            )
        if form == "landline":
            return rng.choice(
                (
                    f"01632 960{self._digits(3)}",
                    f"020 7946 0{self._digits(3)}",
                    f"0161 496 0{self._digits(3)}",
                    f"(01{self._digits(3)}) {self._digits(6)}",
                    f"01{self._digits(3)} {self._digits(3)} {self._digits(3)}",
                )
            )
        return rng.choice(
            (
                f"07{self._digits(3)} {self._digits(6)}",
                f"07{self._digits(9)}",
                f"07{self._digits(3)} {self._digits(3)} {self._digits(3)}",
            )
        )

    def _email(self) -> str:
        person: Person = self._people.person()
        plain = "".join(c for c in f"{person.first}.{person.last}".lower() if c.isascii() and (c.isalnum() or c == "."))
        host = self._rng.choice(
            ("nhs.example", "example.org", "mail.example.com", "trust.nhs.example", f"{self._word()}.example")
        )
        return f"{plain.strip('.')}{self._rng.choice(('', '2', '71'))}@{host}"

    def _professional(self, form: str) -> str:
        if form == "nmc":
            return f"{self._digits(2)}{self._rng.choice('ABCDEFGH')}{self._digits(4)}{self._rng.choice('CEOSW')}"
        if form == "hcpc":
            return f"{self._rng.choice(('RA', 'DT', 'PA', 'CS'))}{self._digits(5)}"
        return f"{self._rng.choice('4567')}{self._digits(6)}"

    def _user_name(self) -> str:
        person = self._people.person()
        last = "".join(c for c in person.last.lower() if c.isascii() and c.isalpha())[:6] or "user"
        return self._rng.choice(
            (
                f"{person.first[0].lower()}{last}{self._digits(1)}",
                f"{last}{person.first[0].lower()}{self._digits(2)}",
                f"{last}.{person.first[0].lower()}",
            )
        )

    def _nino(self) -> str:
        gap = self._rng.choice(("", " "))
        middle = gap.join(self._digits(2) for _ in range(3))
        return f"{self._rng.choice(('AB', 'CE', 'JK', 'PW', 'SH'))}{gap}{middle}{gap}{self._rng.choice('ABCD')}"

    def _registration(self) -> str:
        letters = "ABCDEFGHJKLMNOPRSTUVWXY"
        return f"{''.join(self._rng.choices(letters, k=2))}{self._rng.randrange(51, 75)} {''.join(self._rng.choices(letters, k=3))}"

    def _date(self, style: str) -> str:
        day = dt.date(1932, 1, 1) + dt.timedelta(days=self._rng.randrange(30_000))
        return day.strftime(style)

    def _digits(self, n: int) -> str:
        return "".join(self._rng.choices(string.digits, k=n))

    def _letters(self, n: int) -> str:
        return "".join(self._rng.choices(string.ascii_uppercase, k=n))

    def _word(self) -> str:
        return (
            "".join(c for c in self._rng.choice(self._lists["companies"]).lower() if c.isascii() and c.isalpha())[:10]
            or "site"
        )
