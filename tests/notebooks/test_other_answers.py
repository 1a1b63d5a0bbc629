"""Exercises: right answers of another form pass, near misses are told what they miss."""

import numpy as np
import pytest

from tests.notebooks.notebook_files import NAMES, read, stubs, verdict
from tests.notebooks.other_answers import ALMOST as ALMOST_LIBRARY
from tests.notebooks.other_answers import RIGHT as RIGHT_LIBRARY
from tests.notebooks.other_answers_theory import ALMOST_THEORY, RIGHT_THEORY

RIGHT, ALMOST = RIGHT_LIBRARY | RIGHT_THEORY, ALMOST_LIBRARY | ALMOST_THEORY


@pytest.mark.parametrize(
    ("name", "number", "answer"),
    [(*where, answer) for where, some in RIGHT.items() for answer in some],
)
def test_a_right_answer_of_another_form_passes(name, number, answer):
    with np.errstate(all="ignore"):  # np.where computes both sides
        passed, said = verdict(name, number, answer)
    assert passed is True, said


@pytest.mark.parametrize(
    ("name", "number", "answer", "words"),
    [(*where, answer, words) for where, some in ALMOST.items() for answer, words in some],
)
def test_a_near_miss_is_told_what_it_misses(name, number, answer, words):
    with np.errstate(all="ignore"):
        passed, said = verdict(name, number, answer)
    assert passed is False
    assert " fails: " in said
    assert words in said


def test_every_exercise_of_the_second_half_has_a_right_answer_of_another_form():
    later = {(name, n) for name in NAMES if name >= "05" for n in stubs(read(name))}
    assert set(RIGHT_THEORY) == later
