import builtins
import subprocess
import sys
from math import inf

import matplotlib as mpl
import numpy as np
import pytest

from lbopt import observe
from lbopt.train import Norms, Row, Setting, Step

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def row(optimizer, batch, mean, sd=0.01, task="mlp", metric="accuracy"):
    setting = Setting(task, optimizer, batch, 30, 0.1, 2.0)
    # validation is another number than test: a figure that draws it is seen
    return Row(setting, 0.1, "", 9, mean / 2, 3 * sd, mean, sd, 5, 0, metric)


def rows():
    return [
        row(o, b, m - (b > 100) * d)
        for o, m, d in (("nesterov", 0.98, 0.2), ("lars", 0.985, 0.05))
        for b in (512, 32)
    ]


def grid_record(optimizer, rate, seed, val, diverged=None, batch=32):
    return {
        "run": {"task": "mlp", "optimizer": optimizer, "batch_size": batch, "learning_rate": rate,
                "seed": seed},
        "val_accuracy": val, "test_accuracy": val / 2, "diverged": diverged,
    }  # fmt: skip


def grid_records():
    return [
        grid_record(o, rate, seed, val + 0.01 * seed, diverged={"step": 1} if rate == 1 else None)
        for o in ("nesterov", "lars")
        for rate, val in ((0.1, 0.9), (0.01, 0.5), (1, 0.1))
        for seed in (0, 1)
    ]


def steps(layers=3, n=20):
    return [
        Step(t, 0, 1.0, 0.1, {f"fc{i}.W": Norms(2.0 ** (i + t), 1.0, None) for i in range(layers)})
        for t in range(n)
    ]


def lines(fig, label):
    (ax,) = fig.axes
    (handle,) = [h for h, t in zip(*ax.get_legend_handles_labels(), strict=True) if t == label]
    return handle


def test_accuracy_is_drawn_in_percent_over_a_log_axis_with_its_spread():
    fig = observe.accuracy_vs_batch(rows(), names={"lars": "LARS"}, title="claim")
    (ax,) = fig.axes
    line, _caps, (bars,) = lines(fig, "LARS")
    assert line.get_ydata() == pytest.approx([98.5, 93.5])
    assert line.get_xdata() == pytest.approx([32, 512], rel=0.1)
    for (_x0, low), (_, high) in bars.get_segments():
        assert high - low == pytest.approx(2.0)
    assert ax.get_xscale() == "log"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["32", "512"]
    assert "batch size" in ax.get_xlabel()
    assert "%" in ax.get_ylabel()
    assert "5 seeds" in ax.get_ylabel()
    assert ax.get_title(loc="left") == "claim"


def test_a_hard_batch_size_is_not_cut_off_by_an_easy_one():
    made = [row("lamb", 64, 1.0, task="characters", metric="loss"),
            row("lamb", 8192, 4.0, task="characters", metric="loss"),
            row("sgd", 8192, 50.0, task="characters", metric="loss")]  # fmt: skip
    fig = observe.accuracy_vs_batch(made)
    assert list(lines(fig, "lamb").lines[0].get_ydata()) == [1.0, 4.0]
    assert list(lines(fig, "sgd").lines[0].get_ydata()) == [12.0]
    assert "cut off at 12" in fig.axes[0].get_ylabel()


def test_the_best_mean_is_ringed_and_divergence_is_crossed():
    fig = observe.learning_rate_grid(grid_records())
    (ax,) = fig.axes
    assert ax.get_xscale() == "log"
    assert lines(fig, "lars").get_xdata() == pytest.approx([0.01, 0.1, 1])
    assert lines(fig, "lars").get_ydata() == pytest.approx([50.5, 90.5, 10.5])
    rings = [h for h in ax.lines if h.get_markersize() == 16]
    assert [(float(h.get_xdata()[0]), float(h.get_ydata()[0])) for h in rings] == [(0.1, 90.5)] * 2
    crosses = [h for h in ax.lines if h.get_marker() == "x" and len(h.get_xdata())]
    assert [list(h.get_xdata()) for h in crosses] == [[1], [1]]
    assert "validation" in ax.get_ylabel()
    on_test = observe.learning_rate_grid(grid_records(), split="test")
    assert lines(on_test, "lars").get_ydata() == pytest.approx([25.25, 45.25, 5.25])
    assert "test" in on_test.axes[0].get_ylabel()


def test_the_band_is_one_standard_deviation_to_each_side():
    fig = observe.learning_rate_grid(grid_records())
    (x, y) = fig.axes[0].collections[0].get_paths()[0].vertices.T
    at = y[np.isclose(x, 0.1)]
    assert at.max() - at.min() == pytest.approx(2 * 100 * 0.01 / np.sqrt(2))


def test_ratios_are_weight_over_gradient_on_a_log_axis():
    fig = observe.ratios_over_steps(steps(layers=12))
    assert fig.axes[0].get_yscale() == "log"
    assert lines(fig, "fc2.W").get_ydata()[:3] == pytest.approx([4, 8, 16])
    only = observe.ratios_over_steps(steps(), layers=["fc1.W"])
    assert only.axes[0].get_legend_handles_labels()[1] == ["fc1.W"]


def test_without_any_gradient_the_axes_are_empty_but_there():
    fig = observe.ratios_over_steps([Step(0, 0, 1.0, 0.1, {"a": Norms(1.0, 0.0, None)})])
    assert not fig.axes[0].lines


def test_layers_without_a_gradient_are_left_out_and_not_drawn_at_zero():
    records = steps()
    for record in records:
        record.norms["bias"] = Norms(0.0, 1.0, None)
    fig = observe.ratios_over_steps(records)
    assert "bias" not in fig.axes[0].get_legend_handles_labels()[1]


# --- losses -----------------------------------------------------------------------------------


def loss_record(optimizer, rate, seed, val, diverged=None):
    return {
        "run": {"task": "characters", "optimizer": optimizer, "batch_size": 512,
                "learning_rate": rate, "seed": seed},
        "metric": "loss", "val_accuracy": 0.5, "test_accuracy": 0.5, "val_loss": val,
        "test_loss": None if val is None else val / 2, "diverged": diverged,
    }  # fmt: skip


def loss_records():
    table = {0.01: (2.5, 2.7), 0.1: (2.0, 2.2), 1.0: (1e6, 1e6), 10.0: (3.0, None)}
    return [
        loss_record("lamb", rate, seed, val, {"step": 3} if rate == 10.0 else None)
        for rate, values in table.items()
        for seed, val in enumerate(values)
    ]


def test_losses_are_drawn_in_nats_with_their_spread():
    given = [row("lamb", b, m, 0.1, "characters", "loss") for b, m in ((512, 2.0), (8192, 2.5))]
    fig = observe.accuracy_vs_batch(given)
    line, _caps, (bars,) = lines(fig, "lamb")
    assert line.get_ydata() == pytest.approx([2.0, 2.5])
    for (_x0, low), (_, high) in bars.get_segments():
        assert high - low == pytest.approx(0.2)
    (ax,) = fig.axes
    assert "test loss (nats)" in ax.get_ylabel()
    assert "%" not in ax.get_ylabel()
    assert ax.get_ylim()[1] < 3


@pytest.mark.parametrize("wild", [inf, 1e9])
def test_a_wild_loss_does_not_hide_the_others_and_the_axis_says_so(wild):
    given = [row("adamw", 512, wild, wild, "characters", "loss"),
             row("lamb", 512, 2.0, 0.1, "characters", "loss")]  # fmt: skip
    (ax,) = observe.accuracy_vs_batch(given).axes
    assert 6.0 <= ax.get_ylim()[1] < 6.3
    assert "cut off at 6" in ax.get_ylabel()


def test_the_ring_is_around_the_lowest_mean_loss():
    fig = observe.learning_rate_grid(loss_records())
    (ax,) = fig.axes
    (ring,) = [h for h in ax.lines if h.get_markersize() == 16]
    assert (float(ring.get_xdata()[0]), float(ring.get_ydata()[0])) == pytest.approx((0.1, 2.1))
    # 1e6 and a run without a finite loss stand at the cut, three times the best mean
    assert lines(fig, "lamb").get_ydata() == pytest.approx([2.6, 2.1, 6.3, 6.3])
    (cross,) = [h for h in ax.lines if h.get_marker() == "x" and len(h.get_xdata())]
    assert (list(cross.get_xdata()), list(cross.get_ydata())) == ([10.0], [pytest.approx(6.3)])
    assert ax.get_ylabel() == "validation loss (nats, cut off at 6.3)"
    on_test = observe.learning_rate_grid(loss_records()[:4], split="test")
    assert lines(on_test, "lamb").get_ydata() == pytest.approx([1.3, 1.05])
    assert on_test.axes[0].get_ylabel() == "test loss (nats)"


def test_every_optimizer_looks_the_same_in_every_figure():
    a = observe.accuracy_vs_batch(rows())
    b = observe.learning_rate_grid([r for r in grid_records() if r["run"]["optimizer"] == "lars"])
    assert lines(a, "lars")[0].get_color() == lines(b, "lars").get_color()


# --- what is given ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "given"),
    [
        (observe.accuracy_vs_batch, rows()),
        (observe.learning_rate_grid, grid_records()),
        (observe.ratios_over_steps, steps()),
    ],
)
def test_a_given_axes_is_used_and_the_figure_can_be_saved(draw, given, tmp_path):
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    fig, axes = plt.subplots(1, 2)
    assert draw(given, ax=axes[1]) is fig
    assert axes[1].lines or axes[1].containers
    assert not axes[0].lines
    draw(given).savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5000
    assert dict(mpl.rcParams) == before, "global settings were changed"


@pytest.mark.parametrize(
    ("draw", "given", "words"),
    [
        (observe.accuracy_vs_batch, [], "none"),
        (observe.accuracy_vs_batch, [*rows(), row("lars", 32, 0.9, task="resnet")], "resnet"),
        (observe.learning_rate_grid, [], "no records"),
        (
            observe.learning_rate_grid,
            [*grid_records(), grid_record("lars", 1, 0, 1, batch=64)],
            "64",
        ),
        (observe.ratios_over_steps, [], "record_norms_every"),
        (observe.ratios_over_steps, [Step(0, 0, 1.0, None, None)], "record_norms_every"),
    ],
)
def test_what_makes_no_figure_is_refused(draw, given, words):
    with pytest.raises(ValueError, match=words):
        draw(given)


def test_unknown_layers_and_splits_are_named():
    with pytest.raises(ValueError, match=r"fc9\.W.*fc0\.W"):
        observe.ratios_over_steps(steps(), layers=["fc9.W"])
    with pytest.raises(ValueError, match="train"):
        observe.learning_rate_grid(grid_records(), split="train")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r'pip install "lbopt\[experiments\]"'):
        observe.accuracy_vs_batch(rows())


def test_importing_lbopt_observe_and_train_loads_no_extra():
    code = (
        "import sys, lbopt.observe, lbopt.train, lbopt.data; "
        "print([m for m in ('matplotlib', 'sklearn', 'scipy', 'tqdm') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
