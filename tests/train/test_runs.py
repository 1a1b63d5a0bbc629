import dataclasses
import json

import numpy as np
import pytest

import lbopt
from lbopt import models, train
from lbopt.train import Run, experiment
from lbopt.train.run import run_schedule
from lbopt.train.tasks import RECIPES, TASKS


def test_a_record_is_json_and_complete():
    record = train.run_one(Run("mlp", "lars", 1077, 0.1, seed=0, epochs=3))
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again == record
    assert record["run"] == {
        "task": "mlp", "optimizer": "lars", "batch_size": 1077, "learning_rate": 0.1, "seed": 0,
        "epochs": 3, "warmup": 0.1, "power": 2.0,
    }  # fmt: skip
    assert record["steps"] == 3
    assert record["diverged"] is None
    assert 0 < record["val_accuracy"] < 1
    assert record["val_loss"] > 0
    assert set(record["versions"]) == {"python", "numpy", "lbopt", "code"}
    assert record["versions"]["lbopt"] == lbopt.__version__


def test_run_one_measures_what_fit_and_evaluate_measure():
    from lbopt.data import digits

    run = Run("alexnet_bn", "nesterov", 359, 0.05, seed=3, epochs=1)
    data, model = digits(), models.alexnet_bn()
    result = train.fit(
        model, RECIPES["nesterov"].optimizer(run_schedule(run)), data.train,
        epochs=1, batch_size=359, seed=3, params=model.init(np.random.default_rng(3)),
    )  # fmt: skip
    stats = train.recompute_statistics(model, result.params, data.train.x)
    record = train.run_one(run)
    for split, name in ((data.validation, "val"), (data.test, "test")):
        # 1/360: a wrong split, or batch statistics, would be off by much more
        want = train.evaluate(model, result.params, split, stats).accuracy
        assert record[f"{name}_accuracy"] == pytest.approx(want, abs=1.1 / 360)
    assert record["steps"] == 3


def test_a_diverged_run_is_marked_and_measured_and_still_json():
    record = train.run_one(Run("mlp", "sgd", 359, 1e25, seed=0, epochs=2))
    assert record["diverged"]["what"] in ("loss", "gradient", "parameters")
    assert record["steps"] == record["diverged"]["step"]
    assert 0 <= record["test_accuracy"] < 0.5
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"task": "cifar"}, ValueError, "alexnet_bn"),
        ({"optimizer": "adamax"}, ValueError, "lars_global"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 1078}, ValueError, "batch_size=1077"),
        ({"batch_size": 1.5}, TypeError, "batch_size"),
        ({"learning_rate": -1}, ValueError, "learning_rate"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate"),
        ({"seed": -1}, ValueError, "seed"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"warmup": 1.5}, ValueError, "warmup"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused_when_it_is_written_down(change, error, words):
    fields = {"task": "mlp", "optimizer": "lars", "batch_size": 32, "learning_rate": 0.1, "seed": 0}
    with pytest.raises(error) as e:
        Run(**(fields | change))
    assert words in str(e.value)


def test_keys_tell_runs_apart_in_every_field_and_see_through_number_types():
    run = Run("mlp", "lars", 32, 1.0, 0)
    changes = {
        "task": "resnet", "optimizer": "sgd", "batch_size": 64, "learning_rate": 0.5,
        "seed": 1, "epochs": 31, "warmup": 0.2, "power": 1.0,
    }  # fmt: skip
    assert changes.keys() == {f.name for f in dataclasses.fields(Run)}
    keys = {train.key(dataclasses.replace(run, **{k: v})) for k, v in changes.items()}
    assert len(keys | {train.key(run)}) == 9
    assert train.key(Run("mlp", "lars", np.int64(32), 1, np.int32(0))) == train.key(run)


def test_the_schedule_warms_up_over_its_share_and_then_decays_to_almost_nothing():
    rate = run_schedule(Run("mlp", "lars", 1077, 2.0, 0, epochs=30))  # 30 steps, 3 up
    rates = [rate(t) for t in range(30)]
    assert rates[:4] == pytest.approx([2 / 3, 4 / 3, 2.0, 2.0])
    assert rates[-1] == pytest.approx(2 / 27**2)
    one = run_schedule(Run("mlp", "lars", 1077, 2.0, 0, epochs=1, warmup=1.0))
    assert one(0) == 2.0  # never a warm-up that leaves no step


def test_a_task_judged_by_its_loss_says_so_and_records_the_losses():
    record = train.run_one(Run("characters", "lamb", 65536 // 2, 0.02, seed=0, epochs=1))
    assert record["metric"] == "loss"
    task = TASKS["characters"]
    model, data = task.model(), task.data()
    start = train.evaluate(model, task.init(model, np.random.default_rng(0)), data.test)
    assert 0 < record["test_loss"] < start.loss - 0.02  # two steps
    assert record["test_loss"] != record["val_loss"]
    assert train.run_one(Run("mlp", "lars", 1077, 0.1, 0, epochs=1))["metric"] == "accuracy"


def test_a_loss_that_is_not_finite_is_written_as_none(monkeypatch):
    from lbopt.train.evaluate import Evaluation

    losses = iter((1.5, float("inf"), float("nan")))
    monkeypatch.setattr(experiment, "evaluate", lambda *_: Evaluation(next(losses), 0.25))
    record = train.run_one(Run("mlp", "lars", 1077, 0.1, seed=0, epochs=1))
    assert (record["train_loss"], record["val_loss"], record["test_loss"]) == (1.5, None, None)
    json.dumps(record, allow_nan=False)
