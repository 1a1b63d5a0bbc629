import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from lbopt import models, train
from lbopt.train import Run, experiment, workers
from lbopt.train.experiment import run_schedule
from lbopt.train.results import append_to, read_runs
from lbopt.train.tasks import RECIPES, TASKS, rescale

ROOT = Path(__file__).parents[2]


def quick_runs(seeds=2):
    return [
        Run("mlp", optimizer, 1077, rate, seed, epochs=2)
        for optimizer in ("nesterov", "lars")
        for rate in (0.03, 0.1)
        for seed in range(seeds)
    ]


def timeless(records):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records]


# --- one run ----------------------------------------------------------------------------------


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
    assert set(record["versions"]) == {"python", "numpy", "lbopt"}


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
        ({"optimizer": "adamw"}, ValueError, "lars_global"),
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


# --- tasks and recipes ------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_knows_the_number_of_its_training_images(task):
    assert task.images == len(task.data().train.x)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_trains_a_step_with_every_kind_of_layer(task):
    record = train.run_one(Run(task, "lars", 359, 0.01, 0, epochs=1))
    assert record["steps"] == 3
    assert record["diverged"] is None


@pytest.mark.parametrize("optimizer", RECIPES)
def test_every_recipe_learns_something(optimizer):
    # chance is 0.1, they reach 0.76 to 0.90
    record = train.run_one(Run("mlp", optimizer, 128, 0.05, 0, epochs=4))
    assert record["val_accuracy"] > 0.5, record


@pytest.mark.parametrize("name", ["nesterov", "nesterov_clip"])
def test_the_first_step_of_the_nesterov_recipes_is_1_plus_momentum_long(name):
    opt = RECIPES[name].optimizer(0.1)
    params, grads = {"fc.b": np.zeros(1)}, {"fc.b": np.full(1, 0.5)}
    moved, _ = opt.update(grads, opt.init(params), params)
    assert moved["fc.b"] == pytest.approx(-0.1 * 1.9 * 0.5)


def test_the_first_step_of_heavy_ball_is_the_gradient_step():
    opt = RECIPES["sgd"].optimizer(0.1)
    params, grads = {"fc.b": np.zeros(1)}, {"fc.b": np.full(1, 0.5)}
    moved, _ = opt.update(grads, opt.init(params), params)
    assert moved["fc.b"] == pytest.approx(-0.1 * 0.5)


def test_tasks_are_what_their_names_say():
    rng = np.random.default_rng
    plain, scaled = (TASKS[t].init(TASKS[t].model(), rng(0)) for t in ("mlp", "mlp_rescaled"))
    for k, w in rescale(plain, np.sqrt(10)).items():
        np.testing.assert_allclose(scaled[k], w, rtol=1e-6)
    x = TASKS["mlp"].data().train.x[:4]
    for name, task in TASKS.items():
        model = task.model()
        assert bool(model.statistics(task.init(model, rng(0)), x)) == (
            name in ("alexnet_bn", "resnet")
        )


def test_recipes_decay_and_adapt_weights_and_leave_biases_alone():
    rng = np.random.default_rng(0)
    params = {"fc.W": rng.standard_normal((4, 3)), "fc.b": rng.standard_normal(3)}
    zero = {k: np.zeros_like(w) for k, w in params.items()}
    g = {k: rng.standard_normal(w.shape) for k, w in params.items()}
    for name, recipe in RECIPES.items():
        opt = recipe.optimizer(0.1)
        moved, _ = opt.update(zero, opt.init(params), params)
        assert (moved["fc.W"] != 0).all(), f"{name} does not decay weights"
        assert (moved["fc.b"] == 0).all(), f"{name} decays biases"
    opt = RECIPES["lars"].optimizer(0.1)
    moved, _ = opt.update(g, opt.init(params), params)
    np.testing.assert_allclose(moved["fc.b"], -0.1 * g["fc.b"])  # raw learning rate
    W, gW = params["fc.W"], g["fc.W"]
    nW = np.linalg.norm(W)
    lars = 0.1 * 0.1 * nW / (np.linalg.norm(gW) + 5e-4 * nW) * (gW + 5e-4 * W)
    np.testing.assert_allclose(moved["fc.W"], -lars)


def test_clipping_is_what_tells_nesterov_clip_from_nesterov():
    params = {"fc.W": np.ones((2, 2))}
    for size, same in ((0.1, True), (10.0, False)):
        steps = []
        for name in ("nesterov", "nesterov_clip"):
            opt = RECIPES[name].optimizer(0.1)
            steps.append(opt.update({"fc.W": np.full((2, 2), size)}, opt.init(params), params)[0])
        assert np.allclose(steps[0]["fc.W"], steps[1]["fc.W"]) == same


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


# --- sweeps -----------------------------------------------------------------------------------


def test_two_processes_and_one_give_the_same_records_in_the_order_asked(tmp_path):
    before = dict(os.environ)
    runs = quick_runs()
    here = train.sweep(runs, tmp_path / "a.jsonl")
    there = train.sweep(runs, tmp_path / "sub" / "b.jsonl", workers=2)
    assert timeless(here) == timeless(there)
    assert [record["run"] for record in here] == [dataclasses.asdict(run) for run in runs]
    assert dict(os.environ) == before


def test_finished_runs_are_not_done_again(tmp_path, monkeypatch):
    out = tmp_path / "runs.jsonl"
    first = train.sweep(quick_runs()[:3], out)
    asked = []
    real = experiment.run_one
    monkeypatch.setattr(experiment, "run_one", lambda run: (asked.append(run), real(run))[1])
    everything = train.sweep(quick_runs(), out)
    assert asked == quick_runs()[3:]
    assert everything[:3] == first
    assert train.sweep(quick_runs(), out) == everything
    assert len(asked) == 5
    assert len(read_runs(out)) == 8
    assert train.sweep(quick_runs()[2:4], out) == everything[2:4]  # and no others


@pytest.mark.parametrize("cut", [1, 30])  # only the newline is missing; half a record
def test_a_half_written_last_line_is_dropped_with_a_message_and_done_again(tmp_path, cut):
    out = tmp_path / "runs.jsonl"
    runs = quick_runs()[:3]
    whole = train.sweep(runs, out)
    out.write_bytes(out.read_bytes()[:-cut])
    with pytest.warns(UserWarning, match="half-written"):
        again = train.sweep(runs, out)
    assert timeless(again) == timeless(whole)
    assert len(read_runs(out)) == 3


def test_a_damaged_line_that_is_not_the_last_is_refused_and_named(tmp_path):
    out = tmp_path / "runs.jsonl"
    for line in (b'{"run": {"task"', b"[1, 2]", b'{"a": 1}'):
        out.write_bytes(b'{"run": {}}\n' + line + b"\n")
        with pytest.raises(ValueError, match="line 2"):
            train.sweep(quick_runs(), out)
        assert out.read_bytes() == b'{"run": {}}\n' + line + b"\n"


def test_records_that_are_not_finite_are_never_written(tmp_path):
    with append_to(tmp_path / "a") as write, pytest.raises(ValueError):
        write({"run": {}, "val_loss": float("nan")})
    assert read_runs(tmp_path / "a") == []


def test_a_sweep_that_cannot_be_is_refused_before_it_begins(tmp_path):
    out = tmp_path / "runs.jsonl"
    run = quick_runs()[0]
    with pytest.raises(ValueError, match="more than once"):
        train.sweep([run, run], out)
    with pytest.raises(ValueError, match="workers"):
        train.sweep([run], out, workers=0)
    assert not out.exists()


def test_a_run_that_fails_is_named_and_the_finished_ones_are_kept(tmp_path, monkeypatch):
    real, out = experiment.run_one, tmp_path / "runs.jsonl"

    def fail_on_seed_1(run):
        if run.seed == 1:
            raise MemoryError("no room")
        return real(run)

    monkeypatch.setattr(experiment, "run_one", fail_on_seed_1)
    with pytest.raises(RuntimeError, match=r"mlp nesterov .* seed 1 failed: no room"):
        train.sweep(quick_runs(), out)
    assert [r["run"]["seed"] for r in read_runs(out)] == [0]


def fail_on_two(i):
    if i == 2:
        raise ValueError("two is refused")
    return i


def die_on_two(i):
    if i == 2:
        os._exit(9)
    return i


def blas_threads(_):
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [lib["num_threads"] for lib in threadpool_info()]


def test_an_item_that_raises_in_a_process_is_named_with_its_traceback():
    with pytest.raises(RuntimeError, match=r"2 failed:(.|\n)*Traceback(.|\n)*two is refused"):
        list(workers.map_unordered(fail_on_two, [0, 1, 2], 2))


def test_a_process_that_dies_is_noticed_and_its_item_named():
    errors = []

    def consume():
        try:
            list(workers.map_unordered(die_on_two, [0, 1, 2, 3, 4], 2))
        except RuntimeError as e:
            errors.append(str(e))

    thread = threading.Thread(target=consume, daemon=True)  # it must not wait for ever
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "the dead process was not noticed"
    assert "process of 2 died with exit code 9" in errors[0]


def test_workers_have_one_blas_thread_each_and_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    ((_, threads),) = workers.map_unordered(blas_threads, [0], 1)
    assert threads
    assert set(threads) == {1}
    assert dict(os.environ) == before


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_workers_leave_ctrl_c_to_the_parent():
    def interrupt():
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGINT)

    for delay in (0.1, 0.7):  # while it starts, while it works
        timer = threading.Timer(delay, interrupt)
        timer.start()
        assert list(workers.map_unordered(time.sleep, [1.0], 1)) == [(1.0, None)]
        timer.join()


def test_closing_the_results_early_ends_the_workers():
    results = workers.map_unordered(time.sleep, [0, 60, 60], 2)
    next(results)
    began = time.monotonic()
    results.close()
    assert not multiprocessing.active_children()
    assert time.monotonic() - began < 10


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_workers_end_at_once_when_the_parent_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time\n"
        "from lbopt.train.workers import map_unordered\n"
        "if __name__ == '__main__':\n"
        "    for done in map_unordered(time.sleep, [0, 60, 60], 2): print(done, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().strip() == "(0, None)"
        process.kill()
        process.wait()
        wait_for(lambda: nobody_left(process.pid), 10, "the workers to end")
    finally:
        process.stdout.close()
        if not nobody_left(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


# --- stopping in the middle -------------------------------------------------------------------

SCRIPT = """
import sys
from lbopt.train import Run, sweep

if __name__ == "__main__":
    runs = [
        Run("mlp", optimizer, 128, rate, seed, epochs=8)
        for optimizer in ("nesterov", "lars") for rate in (0.01, 0.1) for seed in (0, 1)
    ]
    sweep(runs, sys.argv[1], workers=int(sys.argv[2]))
"""


def start(tmp_path, out, number):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(script), str(out), str(number)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)


def nobody_left(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    runs = [
        Run("mlp", optimizer, 128, rate, seed, epochs=8)
        for optimizer in ("nesterov", "lars")
        for rate in (0.01, 0.1)
        for seed in (0, 1)
    ]
    records = train.sweep(runs, tmp_path_factory.mktemp("whole") / "runs.jsonl")
    return sorted(timeless(records), key=lambda r: json.dumps(r["run"]))


@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
@pytest.mark.parametrize(("how", "number"), [("SIGINT", 1), ("SIGINT", 2), ("SIGKILL", 2)])
def test_a_sweep_stopped_in_the_middle_goes_on_to_the_same_table(
    tmp_path, uninterrupted, how, number
):
    out = tmp_path / "runs.jsonl"
    process = start(tmp_path, out, number)
    try:
        wait_for(lambda: out.exists() and out.read_bytes().count(b"\n") >= 2, 60, "two runs")
        if how == "SIGINT":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody
        else:
            process.kill()  # the parent alone: the others must notice
        _, err = process.communicate(timeout=20)
        assert process.returncode != 0
        wait_for(lambda: nobody_left(process.pid), 5, "the workers to end")
    finally:
        if not nobody_left(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    kept = out.read_bytes()
    stopped_at = kept.count(b"\n")
    assert 2 <= stopped_at < 8, "it was not stopped in the middle"
    if how == "SIGINT":
        assert f"stopped: {stopped_at} of 8 runs are kept in {out}" in err
        assert "the same command goes on from there" in err
        assert err.count("Traceback") == 1, "the workers are to be silent"

    again = start(tmp_path, out, number)
    assert again.wait(60) == 0
    assert out.read_bytes().startswith(kept[: kept.rfind(b"\n") + 1]), "finished runs were redone"
    got = sorted(timeless(read_runs(out)), key=lambda r: json.dumps(r["run"]))
    assert got == uninterrupted
