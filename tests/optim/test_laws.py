"""The recipes obey every law of their algorithm. What the laws are good for: test_mutants.py."""

import pytest

from lbopt import optim
from tests.optim import laws_adaptive, laws_lamb, laws_lars, laws_lars_2020, laws_sgd

PAIRS = [
    (make, law)
    for make, laws in (
        (optim.sgd, laws_sgd.LAWS),
        (optim.lars, laws_lars.LAWS),
        (optim.lars_2020, laws_lars_2020.LAWS),
        (optim.lamb, laws_lamb.LAWS),
        (optim.adamw, laws_adaptive.ADAMW),
        (optim.adam, laws_adaptive.ADAM),
        (optim.adagrad, laws_adaptive.ADAGRAD),
        (optim.nlamb, laws_adaptive.NLAMB),
        (optim.nnlamb, laws_adaptive.NNLAMB),
    )
    for law in laws
]


@pytest.mark.parametrize(
    ("make", "law"), PAIRS, ids=[f"{make.__name__}-{law.__name__}" for make, law in PAIRS]
)
def test_recipe_obeys(make, law):
    law(make)
