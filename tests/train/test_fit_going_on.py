from itertools import pairwise

import numpy as np
import pytest

from lbopt import models, optim, train
from lbopt.data import Split
from lbopt.optim import schedules
from tests.train.fit_cases import assert_same, blobs, sgd, small_mlp


@pytest.mark.parametrize("stop_after", [1, 3, 4, 9])  # mid-epoch, at an epoch's end, at the end
def test_a_run_continued_from_any_step_is_the_uninterrupted_run(stop_after):
    rng = np.random.default_rng(0)
    data = Split(rng.standard_normal((45, 8, 8, 1), np.float32), rng.integers(0, 10, 45))
    model = models.alexnet()
    schedule = schedules.warmup(schedules.polynomial(0.05, 6), 3)  # needs the step count
    opt = optim.lars(schedule, trust_coefficient=0.1)  # needs the momentum
    arguments = {"epochs": 3, "batch_size": 15, "seed": 2, "micro_batch": 10}
    kept = []
    whole = train.fit(
        model, opt, data, **arguments, on_step=lambda record, checkpoint: kept.append(checkpoint)
    )
    assert whole.step == 9
    rest = train.fit(model, opt, data, **arguments, start=kept[stop_after - 1])
    assert_same(rest.params, whole.params)
    assert rest.records == whole.records[stop_after:]
    assert (rest.step, rest.diverged) == (9, None)


def test_starting_past_the_end_or_with_two_starts_is_refused():
    model, data = small_mlp(), blobs()
    done = train.fit(model, sgd(), data, epochs=2, batch_size=20, seed=0)
    with pytest.raises(ValueError, match=r"after step 6.*only 3"):
        train.fit(model, sgd(), data, epochs=1, batch_size=20, seed=0, start=done.checkpoint)
    with pytest.raises(ValueError, match="not both"):
        train.fit(
            model, sgd(), data, epochs=3, batch_size=20, seed=0,
            start=done.checkpoint, params=done.params,
        )  # fmt: skip


def test_ctrl_c_passes_through_and_the_checkpoints_seen_are_whole():
    seen = []

    def stop(record, checkpoint):
        seen.append(checkpoint)
        if record.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.fit(small_mlp(), sgd(), blobs(), epochs=5, batch_size=20, seed=0, on_step=stop)
    assert [c.step for c in seen] == [1, 2, 3, 4]
    for a, b in pairwise(seen):
        assert not np.array_equal(a.params["layer0.W"], b.params["layer0.W"])


@pytest.mark.parametrize(
    ("start", "error", "words"),
    [
        (lambda done: (1, 2), TypeError, "Checkpoint"),
        (lambda done: done.params, TypeError, "Checkpoint"),
        (lambda done: (1, 2, 3), TypeError, "params"),
        (lambda done: done.checkpoint._replace(params={}), ValueError, "empty"),
        (lambda done: done.checkpoint._replace(step=-1), ValueError, r"start\.step.*-1"),
        (lambda done: done.checkpoint._replace(step=1.0), TypeError, r"start\.step"),
    ],
)
def test_a_start_that_is_no_checkpoint_is_refused(start, error, words):
    model, data = small_mlp(), blobs()
    done = train.fit(model, sgd(), data, epochs=1, batch_size=20, seed=0)
    with pytest.raises(error, match=words):
        train.fit(model, sgd(), data, epochs=2, batch_size=20, seed=0, start=start(done))


def test_a_plain_tuple_as_load_returns_it_is_a_start():
    model, data = small_mlp(), blobs()
    done = train.fit(model, sgd(), data, epochs=1, batch_size=20, seed=0)
    start = (done.params, done.state, done.step)
    assert train.fit(model, sgd(), data, epochs=2, batch_size=20, seed=0, start=start).step == 6
