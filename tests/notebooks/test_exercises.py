"""Exercises: solutions pass, stubs are told "not yet", wrong answers are told which law fails."""

import inspect
import re

import pytest

from tests.notebooks.notebook_files import (
    NAMES,
    check,
    read,
    solutions,
    stub_function,
    stubs,
    verdict,
)
from tests.notebooks.wrong_answers import WRONG as WRONG_LIBRARY
from tests.notebooks.wrong_answers_backward import WRONG_BACKWARD
from tests.notebooks.wrong_answers_museum import WRONG_MUSEUM
from tests.notebooks.wrong_answers_theory import WRONG_THEORY

WRONG = WRONG_LIBRARY | WRONG_BACKWARD | WRONG_THEORY | WRONG_MUSEUM
EXERCISES = [(name, number) for name in NAMES for number in stubs(read(name))]
each_exercise = pytest.mark.parametrize(("name", "number"), EXERCISES)


def solution_of(name, number):
    stub = stub_function(stubs(read(name))[number])
    return getattr(solutions(name), stub.__name__), stub


@each_exercise
def test_the_solution_passes_its_check(name, number):
    solution, _ = solution_of(name, number)
    passed, said = verdict(name, number, solution)
    assert passed is True, said
    assert said == f"exercise {number}: right\n"


@each_exercise
def test_the_solution_has_the_signature_of_the_stub_and_is_short(name, number):
    solution, stub = solution_of(name, number)
    about = int(re.search(r"# about (\d+) lines?$", stubs(read(name))[number], re.MULTILINE)[1])
    assert list(inspect.signature(solution).parameters) == list(inspect.signature(stub).parameters)
    assert solution.__doc__.startswith(f"Exercise {number}: ")
    assert len(inspect.getsource(solution).splitlines()) <= max(10, about)


@each_exercise
def test_the_stub_is_told_not_yet(name, number):
    _, stub = solution_of(name, number)
    passed, said = verdict(name, number, stub)
    assert passed is False
    assert said.startswith(f"exercise {number}: not yet: {stub.__name__} returns None")


@each_exercise
def test_an_answer_that_raises_is_reported_not_raised(name, number):
    def broken(*args):
        raise ZeroDivisionError("oh")

    passed, said = verdict(name, number, broken)
    assert passed is False
    assert "broken raised ZeroDivisionError: oh" in said


@pytest.mark.parametrize(
    ("name", "number", "answer", "law"),
    [(*where, answer, law) for where, wrong in WRONG.items() for answer, law in wrong],
)
def test_a_wrong_answer_is_told_which_law_fails(name, number, answer, law):
    passed, said = verdict(name, number, answer)
    assert passed is False
    assert law in said
    assert " fails: " in said


def test_every_exercise_has_wrong_answers():
    assert set(WRONG) == set(EXERCISES)


def test_checks_have_no_exercise_without_a_stub():
    for name in NAMES:
        numbers = stubs(read(name))
        assert callable(check(name, max(numbers)))
        with pytest.raises(AttributeError):
            check(name, max(numbers) + 1)
