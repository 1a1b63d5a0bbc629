import numpy as np
import pytest

from lbopt import models
from tests.bench import lamb

TINY = lamb.Case("tiny", vocabulary=30, width=8, layers=2, stream=16)


def after_three_steps(setup):
    (contender,) = setup(TINY).values()
    return contender.arrays(contender.run())


def test_the_shapes_are_those_of_bert_base():
    model = models.bert(30, width=8, layers=2, heads=2, positions=512, head="encoder")
    params = model.init(np.random.default_rng(0))
    assert lamb.shapes(TINY) == [w.shape for w in params.values()]
    assert (len(lamb.shapes(lamb.FULL)), lamb.count(lamb.FULL)) == (199, 109_482_240)


def test_lbopt_and_the_naive_lines_go_the_same_way():
    ways = [after_three_steps(s) for s in (lamb.lbopt_setup, lamb.numpy_setup)]
    for ours, naive in zip(*ways, strict=True):
        np.testing.assert_allclose(ours, naive, atol=1e-4 * np.abs(naive).max())
        assert np.abs(naive).max() > 1e-4, "three steps of 1 % of the weights"


@pytest.mark.peers
@pytest.mark.parametrize("setup", [lamb.torch_setup, lamb.optax_setup])
def test_the_peers_go_the_same_way_too(setup):
    pytest.importorskip(setup.__name__.removesuffix("_setup"))
    for theirs, naive in zip(
        after_three_steps(setup), after_three_steps(lamb.numpy_setup), strict=True
    ):
        np.testing.assert_allclose(theirs, naive, atol=1e-4 * np.abs(naive).max())
