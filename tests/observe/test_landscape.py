"""Curvature, noise and unlike layers along a training: the right moments, the right numbers."""

import json
from math import inf

import matplotlib as mpl
import numpy as np
import pytest

from lbopt import models, observe, optim, train
from lbopt.__main__ import main
from lbopt.data import Split
from lbopt.observe import landscape, landscape_ratios
from lbopt.observe.landscape import END, START, WARM, Course, Job, Point, jobs_of, look_around
from lbopt.observe.landscape_numbers import (
    kinks_claim,
    middle,
    mlp_claims,
    nesterov_limit,
    places,
    rows_of,
)
from lbopt.observe.landscape_ratios import Watch, start_spreads
from lbopt.observe.landscape_report import strips, write_landscape_report
from lbopt.train import Recipe
from lbopt.train.run import Run, run_schedule, warmup_steps
from lbopt.train.tasks import RECIPES, TASKS

mpl.use("Agg")
HALF = Run("mlp", "lars", 512, 0.1, 0, epochs=4, warmup=0.5)  # 4 of 8 steps warm up


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def some(n):
    data = TASKS["mlp"].data().train
    return Split(data.x[:n], data.y[:n])


def params_after(epochs):
    task = TASKS["mlp"]
    start = task.init(task.model(), np.random.default_rng(0))
    if not epochs:
        return start
    return train.fit(
        task.model(), RECIPES["lars"].optimizer(run_schedule(HALF)), task.data().train,
        epochs=epochs, batch_size=512, seed=0, params=start,
    ).params  # fmt: skip


# --- what is measured -------------------------------------------------------------------------


def test_each_moment_is_measured_at_its_own_parameters():
    points = look_around(Job(HALF, (START, WARM, END), 64))
    assert [(p.when, p.step) for p in points] == [(START, 0), (WARM, 4), (END, 8)]
    assert warmup_steps(HALF) == 4
    fields = ("task", "optimizer", "batch_size", "learning_rate", "epochs", "seed")
    for point in points:
        assert all(getattr(point, field) == getattr(HALF, field) for field in fields)
    model = TASKS["mlp"].model()
    for point, epochs in zip(points, (0, 2, 4), strict=True):
        params = params_after(epochs)
        loss, grads = train.loss_and_gradient(model, params, some(64))
        assert point.loss == pytest.approx(float(loss), rel=1e-6)
        weights = {k: w for k, w in params.items() if k.endswith(".W")}
        table = observe.layer_table(weights, {k: grads[k] for k in weights})
        assert point.spread == pytest.approx(table.spread, rel=1e-5)
        top = observe.sharpness(model, params, some(64), np.random.default_rng(5), tolerance=1e-4)
        assert point.sharpness == pytest.approx(top.value, rel=0.02)
        test = train.evaluate(model, params, TASKS["mlp"].data().test)
        assert (point.test_loss, point.test_accuracy) == pytest.approx(test)
    assert len({p.sharpness for p in points}) == 3


def test_noise_is_that_of_the_same_examples_and_batch_norm_has_none():
    (point,) = look_around(Job(HALF, (START,), 1077))
    want = observe.gradient_noise_scale(
        TASKS["mlp"].model(), params_after(0), some(1077), np.random.default_rng(9), small=1,
        big=1077, draws=1,
    )  # fmt: skip
    assert point.noise == pytest.approx(want.scale, rel=0.1)
    normed = models.alexnet_bn()
    params = normed.init(np.random.default_rng(0))
    assert landscape.noise_of(normed, params, some(64), np.random.default_rng(0)) is None


def test_where_lanczos_fails_there_is_no_number_and_where_a_run_diverges_it_is_named(monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("did not converge")

    monkeypatch.setattr(landscape, "sharpness", fail)
    (point,) = look_around(Job(HALF, (START,), 64))
    assert point.sharpness is None
    wild = Recipe("wild", lambda rate: optim.chain(optim.scale(1e38), optim.scale(1e38)))
    monkeypatch.setitem(RECIPES, "lars", wild)
    with pytest.raises(RuntimeError, match=r"mlp lars batch 512 .* diverged at step 0"):
        look_around(Job(HALF, (END,), 64))


def test_every_way_is_trained_once_a_seed_and_the_start_is_looked_at_once():
    courses = landscape.the_courses()
    jobs = jobs_of(courses, 2)
    assert len(set(jobs)) == len(jobs) == 2 * (4 + 2 + 1 + 4 + 4)
    starts = [(j.run.task, j.run.seed) for j in jobs if START in j.when]
    tasks = ("mlp", "mlp_rescaled", "alexnet_bn", "characters")
    assert sorted(starts) == sorted((t, s) for t in tasks for s in (0, 1))
    for course in courses:
        for optimizer, rates in course.rates.items():
            for size, rate in rates.items():
                run = Run(course.task, optimizer, size, rate, 1, course.epochs, 0.1, course.power)
                (job,) = (j for j in jobs if j.run == run)
                assert {WARM, END} <= set(job.when)
    longer = [j for j in jobs if j.run.epochs == landscape.LONGER]
    assert {(j.run.task, j.run.optimizer, j.run.batch_size, j.when) for j in longer} == {
        ("mlp", "nesterov", 1077, (END,)), ("mlp", "lars", 1077, (END,))
    }  # fmt: skip


TINY = Course("mlp", {"lars": {256: 0.1, 512: 0.2}}, 1, 2.0, 48)


@pytest.mark.slow
def test_two_processes_find_what_one_finds_in_the_same_order():
    more = Course("alexnet_bn", {"lars": {1077: 0.1}}, 1, 2.0, 64)
    one = landscape.survey([TINY, more], seeds=1)
    assert landscape.survey([TINY, more], seeds=1, workers=2) == one
    assert [(p.task, p.batch_size, p.when) for p in one] == [
        ("mlp", 256, START), ("mlp", 256, WARM), ("mlp", 256, END),
        ("mlp", 512, WARM), ("mlp", 512, END), ("mlp_rescaled", 1077, START),
        ("alexnet_bn", 1077, START), ("alexnet_bn", 1077, WARM), ("alexnet_bn", 1077, END),
    ]  # fmt: skip


def test_one_deviation_makes_unlike_layers_and_a_small_one_far_more():
    run = Run("bert", "lamb", 32, 0.01, 0, epochs=1)
    watches = [w._replace(run=run) for w in landscape_ratios.the_watches() if w.run.task == "bert"]
    usual, small = (start_spreads(w, 2) for w in watches)
    assert len(usual) == len(set(usual)) == 2
    assert min(small) > 100 * max(usual) > 1000
    he, constant = (
        Watch("", "", lambda init=init: models.alexnet_bn(hidden=(256, 256), weight_init=init),
              Run("alexnet_bn", "lars", 256, 0.1, 0))
        for init in (models.he_normal, models.normal(0.1))
    )  # fmt: skip
    assert start_spreads(constant, 1)[0] > 1.5 * start_spreads(he, 1)[0]


# --- what is shown ----------------------------------------------------------------------------


def point(optimizer="lars", batch=32, when=END, seed=0, task="mlp", epochs=30, **values):
    usual = {"learning_rate": 0.1, "step": 7, "loss": 0.5, "sharpness": 2.0, "noise": 40.0,
             "noise_error": 1.0, "spread": 3.0, "test_loss": 1.25,
             "test_accuracy": 0.875}  # fmt: skip
    who = {"task": task, "optimizer": optimizer, "batch_size": batch, "epochs": epochs}
    return Point(**who, seed=seed, when=when, **usual | values)


def test_numbers_are_medians_with_their_range_and_missing_ones_are_counted():
    assert middle([3.0, 1.0, 200.4]) == "3 (1 to 200)"
    assert middle([inf, 2.0, inf]) == "∞ (2 to ∞)"
    assert middle([None, 2.0]) == "2 [1 of 2]"
    assert middle([0.000123]) == "0.00012"


def test_rows_follow_a_training_and_seeds_share_a_row():
    points = [
        point(when=END), point(when=WARM), point("nesterov", when=START, batch=32),
        point(when=END, seed=1, sharpness=4.0), point(batch=1077, epochs=450), point(batch=1077),
        point("nesterov", task="mlp_rescaled", when=START),
        point("adamw", task="characters", batch=64),
    ]  # fmt: skip
    found = places(points)
    assert [(p.task, p.optimizer, p.batch_size, p.when, p.epochs) for p in found] == [
        ("mlp", "", 0, START, 0), ("mlp_rescaled", "", 0, START, 0),
        ("mlp", "lars", 32, WARM, 30), ("mlp", "lars", 32, END, 30),
        ("mlp", "lars", 1077, END, 30), ("mlp", "lars", 1077, END, 450),
        ("characters", "adamw", 64, END, 30),
    ]  # fmt: skip
    rows = rows_of(found)
    assert rows[0][:2] == ["all", "start"]
    assert rows[1][0] == "rescaled, the same function"
    assert rows[3] == ["LARS, 32", "end, step 7", "0.5 (0.5 to 0.5)", "3 (2 to 4)",
                       "40 (40 to 40)", "3 (3 to 3)", "87.5 %"]  # fmt: skip
    assert rows[-1][-1] == "1.25 nats", "a task that is judged by its loss"


@pytest.mark.parametrize("momentum", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("share", "ends"), [(0.99, 0.0), (1.01, inf)])
def test_nesterov_s_limit_divides_what_comes_to_rest_from_what_does_not(momentum, share, ends):
    opt = optim.sgd(share * nesterov_limit(50.0, momentum), momentum=momentum, nesterov=True)
    params = {"w": np.array([1.0])}
    state = opt.init(params)
    for _ in range(4000):
        updates, state = opt.update({"w": 50.0 * params["w"]}, state, params)
        params = optim.apply_updates(params, updates)
    size = abs(float(params["w"][0]))
    assert size < 1e-6 if ends == 0 else size > 1e6


def test_claims_take_medians_of_the_right_rows():
    points = [
        *(point("nesterov", when=START, seed=s, sharpness=v) for s, v in enumerate((10, 50, 90))),
        point("nesterov", task="mlp_rescaled", batch=1077, when=START, sharpness=400.0),
        point("nesterov", when=WARM, step=99, sharpness=20.0, learning_rate=0.02),
        point("nesterov", sharpness=0.5, loss=0.001),
        point("nesterov", batch=1077, when=WARM, step=3, sharpness=45.0, learning_rate=0.04),
        point("nesterov", batch=1077, sharpness=33.0),
        point("nesterov", batch=1077, epochs=450, sharpness=12.0, loss=0.003),
        point("nesterov", batch=1077, epochs=450, seed=1, sharpness=None, loss=0.003),
    ]  # fmt: skip
    text = " ".join(mlp_claims(points))
    assert "at the start λ is 50" in text
    assert f"{nesterov_limit(50.0):.3f}" in text
    for words in (
        f"the 99 steps of batch 32's warm-up it is 20 and the limit {nesterov_limit(20):.3f}",
        f"the 3 steps of batch 1077's warm-up it is 45 and the limit {nesterov_limit(45):.3f}",
        "the tuned peak is 0.02.", "the tuned peak is 0.04.", "λ 400 instead of 50",
        "batch 32 ends at λ 0.5 at loss 0.001",
        "batch 1077 trained 15 times as long at λ 12.0 at loss 0.003",
    ):  # fmt: skip
        assert words in text


def test_the_claim_on_kinks_gives_the_number_of_each_step():
    text = kinks_claim((1e-10, 6e-6))
    assert "51 with step 1e-10" in text  # the smooth piece's, see test_curvature.py
    assert "with step 6e-06" in text


def test_figures_hold_a_dot_for_each_finite_number_in_its_column():
    points = [
        point("nesterov", when=START, sharpness=9.0), point(when=WARM, sharpness=8.0),
        point(sharpness=1.0), point(sharpness=3.0, seed=1), point(sharpness=inf, seed=2),
        point(batch=1077, sharpness=None), point(batch=1077, epochs=450, sharpness=7.0),
        point("nesterov", sharpness=5.0),
    ]  # fmt: skip
    fig = strips(points, lambda p: p.sharpness, "λ", "claim")
    (ax,) = fig.axes
    dots = [(round(float(x)), float(y)) for line in ax.lines if line.get_linestyle() == "None"
            for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]  # fmt: skip
    # the start is drawn once for each of the two optimizers
    assert sorted(dots) == [(0, 9), (0, 9), (1, 8), (2, 1), (2, 3), (2, 5), (5, 7)]
    lines = {tuple(line.get_ydata()) for line in ax.lines if line.get_linestyle() != "None"}
    assert (9.0, 8.0, 2.0) in lines, "through the medians of one batch size"
    assert not any(7.0 in line for line in lines), "another run"
    labels = [tick.get_text().replace("\n", " ") for tick in ax.get_xticklabels()]
    assert labels == ["start", "warm batch 32", "end batch 32", "warm batch 1077",
                      "end batch 1077", "end, longer batch 1077"]  # fmt: skip


def test_one_command_writes_tables_figures_points_and_a_report(tmp_path, monkeypatch, capsys):
    run = Run("alexnet_bn", "lars", 512, 0.1, 0, epochs=1)
    watch = Watch("tiny AlexNet", "ratios_tiny", models.alexnet_bn, run)
    monkeypatch.setattr(landscape, "the_courses", lambda: [TINY])
    monkeypatch.setattr(landscape_ratios, "the_watches", lambda: [watch])
    assert main(["landscape", "--seeds", "1", "--workers", "1", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    table = (tmp_path / "tables.md").read_text().strip()
    assert table in shown
    assert "tiny AlexNet: before any step the ratios of the matrices differ" in table
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png") == 3
    assert "not scale invariant" in page
    figures = {p.name for p in (tmp_path / "figures").iterdir()}
    assert figures == {"sharpness.png", "noise.png", "ratios_tiny.png"}
    points = [Point(**p) for p in json.loads((tmp_path / "points.json").read_text())["points"]]
    assert len(points) == 6
    for row in rows_of(places(points)):
        assert f"| {' | '.join(row)} |" in table


def test_a_finished_survey_can_be_reported_without_the_mlp(tmp_path, monkeypatch):
    monkeypatch.setattr(landscape_ratios, "the_watches", lambda: [])
    text = write_landscape_report([point("adamw", task="characters")], tmp_path, seeds=1)
    assert "hidden letter" in text
    assert "8-layer MLP" not in text
