import numpy as np
import pytest

from lbopt.data import batches
from lbopt.data.batches import steps_per_epoch


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 10), (7, 1), (1, 1)])
def test_an_epoch_with_keep_visits_every_example_exactly_once(n, size):
    got = list(batches(n, size, rng(), last="keep"))
    assert sorted(np.concatenate(got)) == list(range(n))
    assert all(len(b) for b in got), "an empty batch"


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (11, 4)])
def test_drop_yields_only_full_batches_and_repeats_nothing(n, size):
    got = list(batches(n, size, rng(), last="drop"))
    assert [len(b) for b in got] == [size] * (n // size)
    seen = np.concatenate(got)
    assert len(set(seen.tolist())) == len(seen)


def test_the_last_batch_is_smaller_with_keep():
    assert [len(b) for b in batches(10, 4, rng(), last="keep")] == [4, 4, 2]


@pytest.mark.parametrize("last", ["drop", "keep"])
@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (1077, 512), (5, 5)])
def test_steps_per_epoch_counts_the_batches(n, size, last):
    assert steps_per_epoch(n, size, last=last) == len(list(batches(n, size, rng(), last=last)))


def test_the_order_is_shuffled_and_differs_between_epochs_but_not_between_equal_seeds():
    r = rng()
    first, second = (np.concatenate(list(batches(100, 10, r, last="keep"))) for _ in range(2))
    again = np.concatenate(list(batches(100, 10, rng(), last="keep")))
    assert not np.array_equal(first, np.arange(100))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, again)


def test_the_examples_left_out_by_drop_change_from_epoch_to_epoch():
    r = rng()
    left_out = [
        frozenset(range(50)) - set(np.concatenate(list(batches(50, 45, r, last="drop"))).tolist())
        for _ in range(5)
    ]
    assert len(set(left_out)) == 5


@pytest.mark.parametrize(
    ("n", "size", "last", "words"),
    [
        (5, 9, "keep", ["9", "5", "batch_size"]),
        (0, 4, "drop", ["0", "4", "no data"]),
        (5, 0, "drop", ["0", "5", "batch_size"]),
        (5, -2, "keep", ["-2", "5"]),
        (5, 2, "pad", ["last", "pad", "drop", "keep"]),
    ],
)
def test_nonsense_is_refused_at_the_call_and_both_numbers_are_named(n, size, last, words):
    with pytest.raises(ValueError) as e:
        batches(n, size, rng(), last=last)  # no next(): the call itself must raise
    assert all(word in str(e.value) for word in words), str(e.value)


def test_fractions_and_global_random_state_are_refused():
    with pytest.raises(TypeError, match=r"batch_size must be an integer, got 2\.5"):
        batches(5, 2.5, rng(), last="drop")
    with pytest.raises(TypeError, match="Generator"):
        batches(5, 2, np.random, last="drop")
    with pytest.raises(TypeError):
        batches(5, 2, rng())  # the policy has no default
