"""Every wrong optimizer of the museum dies by the law that its story is about.

`pytest -s -m slow tests/conformance/test_museum.py` prints the kill matrices.
"""

import inspect

import pytest

from lbopt.conformance import CLAIMS, check, from_lbopt, laws_of, museum
from lbopt.conformance.museum import (
    EXHIBITS,
    adamw,
    lamb,
    lamb_other,
    lamb_subtle,
    lars,
    lars_2020,
    sgd,
)

IDS = [f"{e.claim}-{e.name}" for e in EXHIBITS]
HALLS = (adamw, lamb, lamb_other, lamb_subtle, lars, lars_2020, sgd)
RIGHT = {
    "lamb": lamb.right_lamb, "lars": lars.right_lars, "lars_2020": lars_2020.right_lars_2020,
    "adamw": adamw.right_adamw, "sgd": sgd.right_sgd,
}  # fmt: skip


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=IDS)
def test_exhibit_dies_by_the_law_of_its_story(exhibit):
    assert museum.killed_by(exhibit, exhibit.law), f"{exhibit.name} survives {exhibit.law}"


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=IDS)
def test_exhibit_has_a_story_and_a_law_of_its_claim(exhibit):
    assert len(exhibit.story) > 15
    assert exhibit.law in {law.name for law in laws_of(exhibit.claim)}


def test_every_wrong_recipe_of_the_halls_is_in_the_catalogue():
    listed = {e.recipe for e in EXHIBITS}
    for hall in HALLS:
        for name, f in vars(hall).items():
            recipe = inspect.isfunction(f) and f.__module__ == hall.__name__
            if recipe and next(iter(inspect.signature(f).parameters), "") == "learning_rate":
                assert f in listed or name.startswith(("right", "build")), name


def test_stories_with_a_report_link_to_it():
    linked = [e for e in EXHIBITS if e.links]
    assert len(linked) >= 20
    assert all(url.startswith("https://github.com/") for e in linked for url in e.links)


@pytest.mark.parametrize("claim", CLAIMS)
def test_right_ones_built_like_the_wrong_ones_die_by_no_law(claim):
    names = {k: k for k in list(inspect.signature(museum.RIGHT[claim]).parameters)[1:]}
    report = check(from_lbopt(RIGHT[claim], names=names), claim, strict=True)
    assert report.passed, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS)
def test_kill_matrix_is_complete(claim):
    matrix = museum.kill_matrix(claim)
    print(f"\n{matrix}")
    assert all(matrix.killed.values()), [name for name, by in matrix.killed.items() if not by]
    for exhibit in EXHIBITS:
        if exhibit.claim == claim:
            assert exhibit.law in matrix.killed[exhibit.name]


@pytest.mark.slow
def test_every_law_kills_somebody():
    dead = {
        law for claim in CLAIMS for by in museum.kill_matrix(claim).killed.values() for law in by
    }
    assert {law.name for claim in CLAIMS for law in laws_of(claim)} <= dead
