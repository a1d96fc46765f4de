"""Redaction: what is found, what survives, and that a failure keeps nothing."""

import pytest

from codesuggest.domain import Narrative
from codesuggest.errors import RedactionError
from codesuggest.redact import Redactor, Unredacted
from codesuggest.redact.recognisers import nhs_check_digit


def redacted(redactor: Redactor, text: str) -> str:
    return redactor.redact(Narrative("1", text)).text


def types(redactor: Redactor, text: str) -> dict[str, str]:
    return {text[span.start : span.end]: span.type for span in redactor.redact(Narrative("1", text)).spans}


@pytest.mark.parametrize(
    ("text", "value", "type"),
    [
        ("NHS no 943 476 5919 given", "943 476 5919", "UK_NHS"),
        ("pt 9434765919 attended", "9434765919", "UK_NHS"),
        ("NHS number: 943-476-5918, mistyped", "943-476-5918", "UK_NHS"),
        ("CHI 0101501234 checked", "0101501234", "UK_CHI"),
        ("H&C number 320 123 4567", "320 123 4567", "UK_HC_NUMBER"),
        ("Hospital no. RX123456", "RX123456", "HOSPITAL_NUMBER"),
        ("MRN 00451234 was wrong", "00451234", "HOSPITAL_NUMBER"),
        ("X-ray number 88-1234 merged", "88-1234", "HOSPITAL_NUMBER"),
        ("accession no: RDX20240012345", "RDX20240012345", "ACCESSION_NUMBER"),
        ("lives at LS1 4AP now", "LS1 4AP", "UK_POSTCODE"),
        ("rang 07700 900123 twice", "07700 900123", "PHONE_NUMBER"),
        ("office (01632) 960 456", "(01632) 960 456", "PHONE_NUMBER"),
        ("phone +44 20 7946 0018", "+44 20 7946 0018", "PHONE_NUMBER"),
        ("on ext 4521 today", "4521", "PHONE_NUMBER"),
        ("bleep 2231 called", "2231", "BLEEP"),
        ("mail j.bloggs@nhs.example at once", "j.bloggs@nhs.example", "EMAIL_ADDRESS"),
        ("dialled 7834: fax tone", "7834", "PHONE_NUMBER"),
        ("the extension is now 41982, as said", "41982", "PHONE_NUMBER"),
        ("reached the wrong desk, 64910 (engaged)", "64910", "PHONE_NUMBER"),
        ("bleep 0513\ntimes as before", "0513", "BLEEP"),
        ("the registrar carries 2231 till nine", "2231", "BLEEP"),
        ("site manager on bp 2231 / ward", "2231", "BLEEP"),
        ("spare dect 10518 any questions", "10518", "PHONE_NUMBER"),
        ("SX no SX 60418 was banded", "SX 60418", "HOSPITAL_NUMBER"),
        ("Hospital number SX 60418 was banded", "SX 60418", "HOSPITAL_NUMBER"),
        ("see study 87986176: same films", "87986176", "IDENTIFIER"),
        ("GMC 7123456 signed", "7123456", "PROFESSIONAL_ID"),
        ("HCPC number RA123456", "RA123456", "PROFESSIONAL_ID"),
        ("NMC PIN 12A3456E", "12A3456E", "PROFESSIONAL_ID"),
        ("DOB 12/03/1956", "12/03/1956", "DATE_OF_BIRTH"),
        ("born on 3rd of May 1949", "3rd of May 1949", "DATE_OF_BIRTH"),
        ("d.o.b. 12.3.56", "12.3.56", "DATE_OF_BIRTH"),
        ("seen 12/03/1956 (DOB) on the band", "12/03/1956", "DATE_OF_BIRTH"),
        ("the card of 3 May 1949 was found", "3 May 1949", "DATE_OF_BIRTH"),
        ("the card of May 3, 1949 was found", "May 3, 1949", "DATE_OF_BIRTH"),
        ("a 93 year old man", "93", "AGE"),
        ("aged 94 and frail", "94", "AGE"),
        ("sent to tr8 9lt again", "tr8 9lt", "UK_POSTCODE"),
        ("the zip code is 94110 there", "94110", "UK_POSTCODE"),
        ("call me on 450 0840 please", "450 0840", "PHONE_NUMBER"),
        ("desk (602)272-9781x13 only", "(602)272-9781x13", "PHONE_NUMBER"),
        ("or 01.84.17.61.18 in the evening", "01.84.17.61.18", "PHONE_NUMBER"),
        ("the team (4417) came", "4417", "BLEEP"),
        ("licence number F162823540116 shown", "F162823540116", "IDENTIFIER"),
        ("logged by patelr2 today", "patelr2", "USER_NAME"),
        ("told smith.j twice", "smith.j", "USER_NAME"),
        ("then miss okafor left", "miss okafor", "PERSON"),
        ("gave it to miss okafor", "miss okafor", "PERSON"),
        ("HR: 07700 900123 by noon", "07700 900123", "PHONE_NUMBER"),
        ("NI number QQ123456C".replace("QQ", "AB"), "AB123456C", "UK_NINO"),
        ("from 192.168.10.4 to the archive", "192.168.10.4", "IP_ADDRESS"),
        ("see https://intranet.example/pt/55", "https://intranet.example/pt/55", "URL"),
        ("parked AB12 CDE".replace("CDE", "XYZ"), "AB12 XYZ", "UK_VEHICLE_REGISTRATION"),
        ("username jsmith2 was used", "jsmith2", "USER_NAME"),
    ],
)
def test_personal_data_of_the_uk_is_found(redactor: Redactor, text: str, value: str, type: str) -> None:
    assert types(redactor, text) == {value: type}


@pytest.mark.parametrize(
    "text",
    [
        "Tc-99m MDP 600 MBq given at 10:30, imaged at 13:45",
        "kV 120, DLP 1234 mGy.cm, DAP 45.6 cGy.cm2, eGFR 34, 100 ml Omnipaque 300 at 4 ml/s",
        "Serial number 9434765919 replaced, lot 1234567, asset no 20045678",
        "Room 3, ward 12, bay B, theatre 4, on 14/03/2026 the list overran by 45 min",
        "Siemens Somatom, Colles fracture, Hickman line, Towne's view",
        "Aged 56, weight 92 kg, 4 year old girl",
        "Matrix 512 x 512, fault X 614, Tc-99 m, coil 7204437, bleep test at 0900",
        "TRUFI and VIBE repeated, Danis-Weber B, Sinding-Larsen, OGD and IVI first, Tigrinya interpreter",
        "Moved to Elizabeth ward after the Brodell bandage",
        "Plate SN-36714J cracked, TC99 M given, mean 3.2 (14) 350 to 420",
        "Near miss only, easy to miss small ones; they didn't miss several. Crash call 2222, then rang 111",
        "BP 124/70 on arrival, BP 98 at 14:05, bp 1130: none",
    ],
)
def test_what_coding_needs_survives(redactor: Redactor, text: str) -> None:
    assert redacted(redactor, text) == text


def test_offsets_are_those_of_the_text_as_read(redactor: Redactor) -> None:
    text = "Called at 10:30. Bleep 2231. NHS 943 476 5919."
    result = redactor.redact(Narrative("1", text))
    assert [text[s.start : s.end] for s in result.spans] == ["2231", "943 476 5919"]
    assert result.text == "Called at 10:30. Bleep <BLEEP>. NHS <UK_NHS>."


def test_failure_keeps_nothing_and_says_nothing(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, **_: object) -> None:
        raise ValueError(text)

    monkeypatch.setattr(redactor._analyzer, "analyze", broken)
    assert list(redactor.redact_all([Narrative("7", "secret name")])) == [Unredacted("7")]
    with pytest.raises(RedactionError, match="Incident 7") as caught:
        redactor.redact(Narrative("7", "secret name"))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("number", "is_valid"), [("943 476 5919", True), ("9434765918", False), ("999", False)])
def test_nhs_check_digit(number: str, is_valid: bool) -> None:
    assert nhs_check_digit(number) is is_valid
