import matplotlib as mpl
import numpy as np
import pytest

from lbopt import models, observe, optim, train
from lbopt.data import Split
from lbopt.train import Norms, Step

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def trained(optimizer):
    rng = np.random.default_rng(0)
    model = models.bert(7, width=4, layers=1, heads=1, positions=5)
    x = models.Batch(rng.integers(0, 7, (12, 5)), np.tile([1, 3], (12, 1)))
    data = Split(x, rng.integers(0, 7, (12, 2)))
    return train.fit(model, optimizer, data, epochs=2, batch_size=4, seed=0, record_norms_every=2)


def curves(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def test_left_is_what_gradients_ask_for_and_right_what_was_used():
    run = trained(optim.lamb(0.01))
    fig = observe.bert_ratios(run.records, title="claim")
    left, right = fig.axes
    kept = [r for r in run.records if r.norms]
    assert [r.step for r in kept] == [0, 2, 4]
    names = [name for name in run.params if name.endswith(".W")]
    assert set(curves(right)) == set(names)
    for name in names:
        n = [r.norms[name] for r in kept]
        if all(m.gradient for m in n):
            assert curves(left)[name] == pytest.approx([m.weight / m.gradient for m in n])
        assert curves(right)[name] == pytest.approx([m.ratio for m in n])
    assert left.get_yscale() == right.get_yscale() == "log"
    assert left.get_legend() is None
    assert fig.get_suptitle() == "claim"
    colour = {line.get_label(): line.get_color() for line in left.lines}
    assert all(colour[line.get_label()] == line.get_color() for line in right.lines)


def test_without_trust_ratios_there_is_one_panel_with_its_legend():
    (ax,) = observe.bert_ratios(trained(optim.sgd(0.01)).records).axes
    assert ax.get_legend() is not None


def test_layers_can_be_chosen_and_unknown_ones_are_named(tmp_path):
    records = trained(optim.lars(0.01)).records
    fig = observe.bert_ratios(records, layers=["block0.key.W"])
    assert set(curves(fig.axes[1])) == {"block0.key.W"}
    fig.savefig(tmp_path / "figure.png")
    with pytest.raises(ValueError, match=r"block9"):
        observe.bert_ratios(records, layers=["block9.key.W"])


def test_the_spread_is_largest_over_smallest_ratio_of_the_matrices():
    norms = {
        "a.W": Norms(2.0, 1.0, None), "b.W": Norms(6.0, 0.1, None), "c.W": Norms(1.0, 0.0, None),
        "a.b": Norms(1e-9, 1.0, None),
    }  # fmt: skip
    records = [Step(0, 0, 1.0, 0.1, norms), Step(1, 0, 1.0, 0.1, None)]
    assert observe.ratio_spread(records) == [(0, pytest.approx(30))]
    assert observe.ratio_spread(records, layers=["a.W", "a.b"]) == [(0, pytest.approx(2e9))]


@pytest.mark.parametrize("what", [observe.ratio_spread, observe.bert_ratios])
def test_records_without_norms_are_refused(what):
    with pytest.raises(ValueError, match="record_norms_every"):
        what([Step(0, 0, 1.0, None, None)])
