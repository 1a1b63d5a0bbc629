import itertools
from math import inf

import numpy as np
import pytest

from lbopt import models, observe, optim, train
from lbopt.data import Split


def test_the_table_has_the_norms_and_ratios_of_every_layer_in_order():
    rng = np.random.default_rng(0)
    params = {k: rng.standard_normal(s) for k, s in (("z.W", (3, 4)), ("a.b", (4,)))}
    grads = {k: rng.standard_normal(w.shape) for k, w in params.items()}
    table = observe.layer_table(params, grads)
    assert [row.layer for row in table.rows] == ["z.W", "a.b"]
    for row in table.rows:
        w, g = np.linalg.norm(params[row.layer]), np.linalg.norm(grads[row.layer])
        assert row[1:] == pytest.approx((w, g, w / g), rel=1e-12)
    ratios = [row.ratio for row in table.rows]
    assert table.spread == pytest.approx(max(ratios) / min(ratios))


def test_zero_gradients_and_zero_weights_have_a_ratio_and_no_warning(recwarn):
    params = {"a": np.ones(2), "b": np.zeros(2), "c": np.zeros(2), "d": np.ones(2)}
    grads = {"a": np.zeros(2), "b": np.ones(2), "c": np.zeros(2), "d": np.ones(2)}
    table = observe.layer_table(params, grads)
    assert [row.ratio for row in table.rows] == [inf, 0.0, 0.0, 1.0]
    assert table.spread == 1.0
    assert not recwarn.list


def test_the_printed_table_is_aligned_and_complete():
    params = {"a.very.long.layer.W": np.full(4, 1e-8), "b": np.full(4, 1e8)}
    lines = str(observe.layer_table(params, params)).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert "2e-08" in lines[1]
    assert "2e+08" in lines[2]
    assert repr(observe.layer_table(params, params)) == "\n".join(lines)


def test_half_precision_norms_do_not_overflow():
    params = {"W": np.full((300, 300), 300, np.float16)}
    (row,) = observe.layer_table(params, params).rows
    assert row.weight == pytest.approx(90_000)


def test_other_keys_are_refused():
    with pytest.raises(ValueError, match="keys"):
        observe.layer_table({"a": np.ones(2)}, {"b": np.ones(2)})


def trained(optimizer):
    rng = np.random.default_rng(0)
    data = Split(rng.standard_normal((40, 6)), rng.integers(0, 3, 40))
    model = models.mlp(inputs=6, hidden=8, layers=3, classes=3)
    return train.fit(model, optimizer, data, epochs=3, batch_size=10, seed=0)


@pytest.mark.parametrize("place", ["first", "last"])
def test_the_norms_link_changes_nothing(place):
    plain = optim.lars(0.1, trust_coefficient=0.1)
    links = (observe.norms(), plain) if place == "first" else (plain, observe.norms())
    a, b = trained(plain), trained(optim.chain(*links))
    for k, w in a.params.items():
        assert np.array_equal(b.params[k], w)


def test_the_norms_link_sees_the_gradient_when_first_and_the_step_when_last():
    opt = optim.chain(observe.norms(), optim.scale_by_learning_rate(0.1), observe.norms())
    params, grads = {"W": np.array([3.0, 4.0])}, {"W": np.array([0.0, 2.0])}
    _, state = opt.update(grads, opt.init(params), params)
    assert observe.read_norms(state[:1])["W"].update == 2.0
    assert observe.read_norms(state[1:])["W"].update == pytest.approx(0.2)
    assert observe.read_norms(state)["W"].update == pytest.approx(0.2), "the last one counts"
    assert observe.read_norms(state)["W"].weight == 5.0


def test_norms_are_those_of_the_last_step_and_of_the_weights_before_it():
    seen = []

    def look(record, checkpoint):
        seen.append((checkpoint.params, observe.read_norms(checkpoint.state)))

    rng = np.random.default_rng(0)
    data = Split(rng.standard_normal((40, 6)), rng.integers(0, 3, 40))
    model = models.mlp(inputs=6, hidden=8, layers=2, classes=3)
    opt = optim.chain(optim.sgd(0.1, momentum=0.9), observe.norms())
    train.fit(model, opt, data, epochs=1, batch_size=10, seed=0, on_step=look)
    for (before, _), (after, norms) in itertools.pairwise(seen):
        assert norms.keys() == after.keys()
        for k in after:
            assert norms[k].weight == pytest.approx(np.linalg.norm(before[k]), rel=1e-12)
            step = np.linalg.norm(after[k] - before[k])
            assert norms[k].update == pytest.approx(step, rel=1e-9)


def test_norms_and_trust_ratios_are_read_out_of_nested_chains_side_by_side():
    opt = optim.chain(optim.chain(observe.norms()), optim.lars(0.1))
    params = {"W": np.ones(3)}
    _, state = opt.update(params, opt.init(params), params)
    assert set(observe.read_norms(state)) == {"W"}
    assert optim.trust_ratios(state) == {"W": pytest.approx(1e-3 / (1 + 5e-4))}
    assert observe.read_norms(optim.sgd(0.1).init(params)) == {}
