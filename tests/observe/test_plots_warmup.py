"""Loss against warm-up: the points stand where the rows say, other powers apart."""

import matplotlib as mpl
import pytest

from lbopt import observe
from lbopt.observe.style import OPTIMIZERS
from lbopt.train import Row, Setting

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def row(optimizer, warmup, mean, power=1.0, batch=4096, sd=0.1):
    setting = Setting("characters", optimizer, batch, 4, warmup, power)
    return Row(setting, 0.1, "", 9, 9 * mean, 3 * sd, mean, sd, 5, 0, "loss")


def rows():
    return [
        row("lamb", 0.5, 1.5), row("lamb", 0.0, 1.25), row("lamb", 0.1, 1.3),
        row("adamw", 0.0, 2.0), row("adamw", 0.1, 1.75), row("adamw", 0.5, 1.5),
        row("lamb", 0.0, 1.4, power=2.0), row("adamw", 0.5, 99.0, power=2.0),
    ]  # fmt: skip


def drawn(ax, optimizer):
    color = OPTIMIZERS[optimizer].color
    return [c for c in ax.containers if c.lines[0].get_color() == color]


def test_loss_is_drawn_against_the_share_of_steps_that_warm_up():
    fig = observe.loss_vs_warmup(rows(), names={"lamb": "LAMB"}, title="claim")
    (ax,) = fig.axes
    line, hollow = (c.lines[0] for c in drawn(ax, "lamb"))
    assert line.get_xdata() == pytest.approx([0, 10, 50], abs=1)
    assert list(line.get_ydata()) == [1.25, 1.3, 1.5]
    assert line.get_marker() == OPTIMIZERS["lamb"].marker
    assert list(hollow.get_ydata()) == [1.4]
    assert (hollow.get_linestyle(), hollow.get_markerfacecolor()) == ("None", "none")
    (bars,) = drawn(ax, "lamb")[0].lines[2]
    for (_, low), (_, high) in bars.get_segments():
        assert high - low == pytest.approx(0.2)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "10", "50"]
    assert ax.get_title(loc="left") == "claim"
    assert "warm-up (%" in ax.get_xlabel()
    assert "5 seeds" in ax.get_ylabel()
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert set(texts) == {"LAMB", "adamw", "hollow: power 2"}


def test_a_loss_far_above_the_rest_is_cut_off_and_the_axis_says_so():
    (ax,) = observe.loss_vs_warmup(rows()).axes
    (wild,) = drawn(ax, "adamw")[1].lines[0].get_ydata()
    assert wild == pytest.approx(3 * 1.25)
    assert "cut off at 3.8" in ax.get_ylabel()
    assert "cut off" not in observe.loss_vs_warmup(rows()[:6]).axes[0].get_ylabel()


def test_one_power_needs_no_word_on_hollow_points():
    (ax,) = observe.loss_vs_warmup(rows()[:6]).axes
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["lamb", "adamw"]


def test_rows_of_two_batch_sizes_or_of_none_are_refused():
    with pytest.raises(ValueError, match="one task and batch size, got rows of none"):
        observe.loss_vs_warmup([])
    with pytest.raises(ValueError, match="one task and batch size"):
        observe.loss_vs_warmup([*rows(), row("lamb", 0.0, 1.0, batch=8192)])
