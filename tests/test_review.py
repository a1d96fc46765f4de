"""The queue: in which order incidents come, drawn shares, and who gets what back."""

import datetime as dt

import pytest

from codesuggest.confirm import Sending, confirm
from codesuggest.domain import Decision, Taxonomy
from codesuggest.errors import ConflictError
from codesuggest.protocol import Protocol, load_protocol
from codesuggest.review import draw, next_for, open_one, progress
from codesuggest.settings import shipped
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.log import now
from test_store import CODES, add_coder, add_incident

HOURS = dt.timedelta(hours=1)


def protocol(*queue: str, blind: float = 0, double: float = 0) -> Protocol:
    return Protocol.model_validate(
        {"queue": queue, "blind_share": blind, "double_coding_share": double, "agreement_floor": {}}
    )


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ("uncertain", ["c", "a", "b"]),
        ("random", ["b", "c", "a"]),
        ("oldest", ["a", "b", "c"]),
        ("site", ["a", "b", "c"]),
    ],
)
def test_each_queue_has_its_order(database: Database, working: Taxonomy, queue: str, expected: list[str]) -> None:
    add_incident(database, "c", site="south", uncertainty=0.9, draw=0.2)
    add_incident(database, "b", site="north", uncertainty=0.1, draw=0.1, reported=dt.date(2026, 2, 1))
    add_incident(database, "a", site="north", uncertainty=0.5, draw=0.3, reported=dt.date(2026, 1, 1))
    assert taken(database, working, protocol(queue), 3) == expected


def test_the_entries_of_the_queue_take_turns(database: Database, working: Taxonomy) -> None:
    add_incident(database, "sure", uncertainty=0.1, reported=dt.date(2020, 1, 1))
    add_incident(database, "unsure", uncertainty=0.9, reported=dt.date(2026, 1, 1))
    add_incident(database, "between", uncertainty=0.5, reported=dt.date(2023, 1, 1))
    assert taken(database, working, protocol("oldest", "uncertain"), 2) == ["sure", "unsure"]


def taken(database: Database, taxonomy: Taxonomy, rules: Protocol, n: int) -> list[str]:
    coder, references = add_coder(database), []
    for number in range(n):
        with database.writing() as session:
            found = next_for(session, coder, rules, lasting=HOURS)
            assert found
            references.append(found[1].reference)
            confirm(session, found[1].id, Decision(CODES), Sending(coder, f"key-{number}", 1), taxonomy=taxonomy)
    return references


def test_an_assignment_that_has_expired_goes_to_somebody_else(database: Database) -> None:
    id, first, second = add_incident(database), add_coder(database, "one"), add_coder(database, "two")
    with database.writing() as session:
        held = next_for(session, first, protocol("oldest"), lasting=HOURS)
        assert held
        assert next_for(session, second, protocol("oldest"), lasting=HOURS) is None
        session.get_one(tables.Assignment, held[0].id).expires_at = now() - HOURS
        session.flush()
        later = next_for(session, second, protocol("oldest"), lasting=HOURS)
        assert later
        assert later[1].id == id


def test_an_incident_with_another_coder_cannot_be_opened(database: Database) -> None:
    id, first, second = add_incident(database), add_coder(database, "one"), add_coder(database, "two")
    with database.writing() as session:
        open_one(session, id, first, lasting=HOURS)
        with pytest.raises(ConflictError, match="another coder"):
            open_one(session, id, second, lasting=HOURS)


def test_an_incident_coded_twice_goes_to_two_coders_and_to_none_of_them_again(
    database: Database, working: Taxonomy
) -> None:
    id = add_incident(database, n_wanted=2)
    people = [add_coder(database, name) for name in ("one", "two", "three")]
    got = []
    for number, coder in enumerate(people):
        with database.writing() as session:
            found = next_for(session, coder, protocol("oldest"), lasting=HOURS)
            got.append(found is not None)
            if found and number == 0:
                confirm(session, id, Decision(CODES), Sending(coder, "key", 1), taxonomy=working)
                assert next_for(session, coder, protocol("oldest"), lasting=HOURS) is None
    assert got == [True, True, False]


def test_progress_counts_today_and_what_waits(database: Database, working: Taxonomy) -> None:
    for name in ("a", "b", "c"):
        add_incident(database, name)
    coder = add_coder(database)
    with database.writing() as session:
        confirm(session, 1, Decision(CODES), Sending(coder, "key", 1), taxonomy=working)
        day = progress(session, coder)
    assert (day.done_today, day.waiting) == (1, 2)


def test_shares_are_drawn_as_the_protocol_says_and_come_out_the_same_again() -> None:
    rules = load_protocol(shipped("protocol.toml"))
    drawn = [draw("north", f"W{number}", rules) for number in range(4000)]
    assert drawn[7] == draw("north", "W7", rules)
    blind = sum(one.is_blind for one in drawn) / len(drawn)
    double = sum(one.n_wanted == 2 for one in drawn) / len(drawn)
    # four standard errors of a share of 0.15 and of 0.10 in 4,000 draws
    assert abs(blind - rules.blind_share) < 0.023
    assert abs(double - rules.double_coding_share) < 0.019
