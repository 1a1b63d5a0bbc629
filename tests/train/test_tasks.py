import numpy as np
import pytest

from lbopt import models, train
from lbopt.train import Run
from lbopt.train.examples import number_of_examples, rows_of
from lbopt.train.tasks import TASKS, rescale


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_knows_the_number_of_its_training_examples(task):
    assert task.examples == number_of_examples(task.data().train.x)
    if task.second is not None:
        assert task.second.examples == number_of_examples(task.second.data().x)


@pytest.mark.parametrize("task", [t for t in TASKS if t != "bert"])  # tests/train/test_stages.py
def test_every_task_trains_a_step_with_every_kind_of_layer(task):
    record = train.run_one(Run(task, "lars", TASKS[task].examples // 3, 0.01, 0, epochs=1))
    assert record["steps"] == 3
    assert record["diverged"] is None


def test_tasks_are_what_their_names_say():
    rng = np.random.default_rng
    plain, scaled = (TASKS[t].init(TASKS[t].model(), rng(0)) for t in ("mlp", "mlp_rescaled"))
    for k, w in rescale(plain, np.sqrt(10)).items():
        np.testing.assert_allclose(scaled[k], w, rtol=1e-6)
    for name, task in TASKS.items():
        model, x = task.model(), rows_of(task.data().train.x, slice(4))
        assert bool(model.statistics(task.init(model, rng(0)), x)) == (
            name in ("alexnet_bn", "resnet")
        )


def test_rescaling_preserves_the_function_and_spreads_the_ratios_by_about_100():
    model, rng = models.mlp(), np.random.default_rng(0)
    params = model.init(rng, np.float64)
    params = {k: w + 0.1 * rng.standard_normal(w.shape) for k, w in params.items()}  # biases too
    scaled = rescale(params, np.sqrt(10))
    x, dy = rng.standard_normal((5, 64)), rng.standard_normal((5, 10))
    (y, back), (z, back_scaled) = model.forward(params, x), model.forward(scaled, x)
    np.testing.assert_allclose(z, y, rtol=1e-10)
    ratios = [
        np.linalg.norm(scaled[k])
        / np.linalg.norm(g)
        / (np.linalg.norm(params[k]) / np.linalg.norm(h))
        for k, g, h in (
            (k, back_scaled(dy)[0][k], back(dy)[0][k]) for k in params if k.endswith("W")
        )
    ]
    np.testing.assert_allclose(ratios, [10, 0.1] * 4, rtol=1e-8)


def test_rescaling_refuses_what_it_would_change():
    with pytest.raises(ValueError, match="even number"):
        rescale(models.mlp(layers=3).init(np.random.default_rng(0)), 2.0)
    with pytest.raises(ValueError, match="mlp"):
        rescale(models.alexnet_bn().init(np.random.default_rng(0)), 2.0)


def test_the_letters_to_guess_stand_between_their_neighbours_and_the_tail_is_held_out():
    from lbopt.data import characters, corpus, held_out_tail

    learn, tail = held_out_tail(corpus().text)
    alphabet = characters(learn, 64)
    data = TASKS["characters"].data()
    halves = tail[: len(tail) // 2], tail[len(tail) // 2 :]
    for split, text in zip(data, (learn, *halves), strict=True):
        assert split.x.shape[1] == 8
        assert split.x.dtype.kind == split.y.dtype.kind == "i"
        # nine letters in a row of the right part of the text, and of no other by chance
        whole = np.concatenate([split.x[:, :4], split.y[:, None], split.x[:, 4:]], axis=1)
        rows = np.lib.stride_tricks.sliding_window_view(alphabet.encode(text), 9)
        assert {row.tobytes() for row in whole[:500]} <= {row.tobytes() for row in rows}
