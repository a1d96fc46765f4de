"""What a person is told before trusting an answer: conflicts, what is unsettled, little evidence."""

import pytest

from codesuggest.domain import Axis, Code, Question, Rule, Suggestion, Taxonomy
from codesuggest.suggest.checks import conflicts, notice, unsettled

SCHEME = Taxonomy(
    "t-1",
    "T",
    (Axis("severity", "Severity"), Axis("meant", "Meant"), Axis("done", "Done"), Axis("step", "Step", many=True)),
    tuple(Code(axis, code, code) for axis in ("severity", "meant", "done", "step") for code in "ABC"),
    rules=(
        Rule("Done is not what was meant, and no step says why.", differ=("meant", "done"), none_of={"step": ("A",)}),
        Rule("Too mild for what the text says.", codes={"severity": ("C",)}, text=r"(?i)\bscanned\b"),
    ),
    questions=(
        Question("severity", "How bad was it?"),
        Question("severity", "A or B?", ("A", "B")),
    ),
)


@pytest.mark.parametrize(
    ("given", "text", "n"),
    [
        ({"meant": ("A",), "done": ("B",)}, "", 1),
        ({"meant": ("A",), "done": ("B",), "step": ("A", "C")}, "", 0),
        ({"meant": ("A",), "done": ("A",)}, "", 0),
        ({"meant": ("A",), "done": ()}, "", 0),
        ({"severity": ("C",)}, "pt Scanned twice", 1),
        ({"severity": ("C",)}, "nobody was harmed", 0),
        ({"severity": ("A",)}, "pt scanned twice", 0),
    ],
)
def test_a_rule_is_broken_only_if_all_its_conditions_hold(given: dict[str, tuple[str, ...]], text: str, n: int) -> None:
    assert len(conflicts(SCHEME, given, text)) == n


def test_a_conflict_names_the_axes_and_repairs_nothing() -> None:
    given = {"meant": ("A",), "done": ("B",)}
    (conflict,) = conflicts(SCHEME, given, "")
    assert conflict.axes == ("meant", "done", "step")
    assert given == {"meant": ("A",), "done": ("B",)}


def ranked(score: float) -> tuple[Suggestion, ...]:
    return (Suggestion("A", "A", 1, score),)


def test_an_axis_is_unsettled_if_no_code_is_more_likely_right_than_wrong() -> None:
    axes = {"severity": ranked(0.45), "meant": ranked(0.5)}
    assert list(unsettled(SCHEME, axes, {})) == ["severity"]
    assert "A, has 45%" in unsettled(SCHEME, axes, {})["severity"].reason


@pytest.mark.parametrize(("shortlist", "asked"), [(("B", "A"), "A or B?"), (("A", "C"), "How bad was it?")])
def test_the_question_is_the_one_about_the_shortlisted_codes(shortlist: tuple[str, ...], asked: str) -> None:
    assert unsettled(SCHEME, {"severity": ranked(0.3)}, {"severity": shortlist})["severity"].question == asked


KNOWN = dict.fromkeys(["patient", "was", "scanned", "twice", "in", "ct"], 1)


@pytest.mark.parametrize(
    ("text", "likeness", "said"),
    [
        ("patient was scanned twice in CT", 0.8, ""),
        ("scanned <PERSON_1> twice", 0.8, "hardly any words"),
        ("der Patient wurde zweimal geröntgt in CT", 0.8, "another language"),
        ("patient was scanned twice in CT", 0.1, "reads like this"),
    ],
)
def test_narratives_with_little_to_go_by_are_flagged(text: str, likeness: float, said: str) -> None:
    answer = notice(text, KNOWN, likeness=likeness, least_likeness=0.3)
    assert said in answer
    assert bool(answer) == bool(said)
