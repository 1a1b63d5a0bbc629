"""BERT keeps its laws, gives the published counts, and refuses what it cannot read."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models, ops, optim
from lbopt.models import Batch
from lbopt.params import count
from tests.models.bert_cases import BUILD, FULL, T, V, flat, params_of, tiny, unflat
from tests.models.bert_laws import (
    adjoint_law,
    embedding_sum_law,
    padding_law,
    sequences_do_not_see_each_other_law,
)

every_case = pytest.mark.parametrize("name", BUILD)


@every_case
def test_gradients_of_every_parameter_pass_the_adjoint_check(name):
    adjoint_law(BUILD[name]())


@every_case
def test_dx_is_the_cotangent_of_the_sum_of_the_embeddings(name):
    embedding_sum_law(BUILD[name]())


@pytest.mark.parametrize("name", ["masked", "masked pre-LN", "pretraining"])
def test_padding_has_no_influence(name):
    padding_law(BUILD[name]())


@every_case
def test_sequences_of_a_batch_do_not_see_each_other(name):
    sequences_do_not_see_each_other_law(BUILD[name]())


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_in_is_dtype_out_and_names_shapes_and_order_are_those_of_the_parameters(name, dtype):
    case = BUILD[name]()
    params = params_of(case, dtype)
    y, back = case.model.forward(params, case.x, rng=np.random.default_rng(0))
    dparams, dx = back(y)
    assert list(dparams) == list(params)
    assert {k: g.shape for k, g in dparams.items()} == {k: p.shape for k, p in params.items()}
    assert dx.shape == (3, T, 8)
    assert {a.dtype for a in (flat(y), dx, *dparams.values())} == {np.dtype(dtype)}


@every_case
def test_nothing_given_is_written_into_and_back_may_be_called_twice(name):
    case = BUILD[name]()
    params = params_of(case)
    for a in (*params.values(), *(a for a in case.x if a is not None)):
        a.flags.writeable = False
    try:
        y, back = case.model.forward(params, case.x, rng=np.random.default_rng(0))
        dy = unflat(np.random.default_rng(1).standard_normal(flat(y).shape), y)
        for a in dy if isinstance(dy, tuple) else (dy,):
            a.flags.writeable = False
        first, dx = back(dy)
        first, dx = {k: g.copy() for k, g in first.items()}, dx.copy()
        second, dx_second = back(dy)
        for k, g in first.items():
            np.testing.assert_array_equal(g, second[k])
        np.testing.assert_array_equal(dx, dx_second)
    finally:
        for a in case.x:
            if a is not None:
                a.flags.writeable = True


@every_case
def test_every_parameter_matters_but_the_keys_biases_and_unused_rows(name):
    case = BUILD[name]()
    params = params_of(case)
    y, back = case.model.forward(params, case.x)
    dy = unflat(np.random.default_rng(2).standard_normal(flat(y).shape), y)
    dparams, _ = back(dy)
    largest = max(np.abs(g).max() for g in dparams.values())
    small = [k for k, g in dparams.items() if np.abs(g).max() < 1e-12 * largest]
    assert small == [k for k in params if k.endswith("key.b")]
    assert not dparams["position.W"][T:].any()
    assert dparams["position.W"][:T].any(axis=1).all()


def test_the_published_sizes_have_the_published_numbers_of_parameters():
    def nothing(rng, shape):
        return np.broadcast_to(0.0, shape)  # takes no memory: only the shapes are wanted

    def parameters(build, head):
        rng = np.random.default_rng(0)
        return build(head, weight_init=nothing).init(rng, dtype=np.float64)

    assert count(parameters(models.bert_base, "encoder")) == 109_482_240
    assert count(parameters(models.bert_large, "encoder")) == 335_141_888
    base = parameters(models.bert_base, "masked")
    assert count(base) == 109_514_298
    assert count(parameters(models.bert_base, "pretraining")) == 110_106_428
    assert base["block11.query.W"].shape == (768, 768)
    assert base["block11.expand.W"].shape == (768, 3072)
    assert base["position.W"].shape == (512, 768)
    assert len(base) == 5 + 12 * 16 + 5


def test_the_published_sizes_have_the_published_heads_and_lengths_which_no_count_shows(monkeypatch):
    from lbopt.models import bert_sizes

    asked = []
    monkeypatch.setattr(bert_sizes, "bert", lambda vocabulary, **s: asked.append((vocabulary, s)))
    models.bert_base()
    models.bert_large("encoder", norm="pre", dropout=0.0)
    (vocabulary, base), (_, large) = asked
    draws = [s.pop("weight_init") for s in (base, large)]
    assert vocabulary == 30522
    assert base == {
        **{"width": 768, "layers": 12, "heads": 12, "positions": 512},
        **{"head": "masked", "norm": "post", "dropout": 0.1},
    }
    assert large == {
        **{"width": 1024, "layers": 24, "heads": 16, "positions": 512},
        **{"head": "encoder", "norm": "pre", "dropout": 0.0},
    }
    for draw in draws:
        assert 0.039 < np.abs(draw(np.random.default_rng(0), (99, 99))).max() <= 0.04


def test_names_come_in_the_order_of_the_layers():
    def names(**settings):
        return list(tiny(**settings).init(np.random.default_rng(0)))

    embeddings = ["token.W", "position.W", "segment.W"]
    embeddings += ["embedding_norm.gamma", "embedding_norm.beta"]
    attention = [f"{n}.{k}" for n in ("query", "key", "value", "project") for k in "Wb"]
    attention_norm = ["attention_norm.gamma", "attention_norm.beta"]
    feed = ["expand.W", "expand.b", "contract.W", "contract.b"]
    feed_norm = ["feed_forward_norm.gamma", "feed_forward_norm.beta"]
    masked = ["masked.W", "masked.b", "masked_norm.gamma", "masked_norm.beta", "vocabulary.b"]
    post = attention + attention_norm + feed + feed_norm
    pre = attention_norm + attention + feed_norm + feed
    final = ["final_norm.gamma", "final_norm.beta"]
    blocks = [[f"block{i}.{n}" for i in range(2) for n in block] for block in (post, pre)]
    pooler, follows = ["pooler.W", "pooler.b"], ["next.W", "next.b"]
    assert names() == embeddings + blocks[0] + masked
    assert names(norm="pre") == embeddings + blocks[1] + final + masked
    assert names(head="pretraining") == embeddings + blocks[0] + pooler + masked + follows
    assert names(head="encoder") == embeddings + blocks[0] + pooler


def test_weights_start_normal_biases_zero_and_gammas_one():
    params = models.bert(2000, width=64).init(np.random.default_rng(0))
    for k, a in params.items():
        if a.ndim == 2 and a.size > 1000:
            assert a.std() == pytest.approx(0.02, rel=0.05), k
        elif a.ndim == 1:
            assert (a == (1.0 if k.endswith("gamma") else 0.0)).all(), k
    cut = models.truncated_normal(0.02)(np.random.default_rng(0), (400, 400))
    assert np.abs(cut).max() <= 0.04
    assert cut.std() == pytest.approx(0.02 * 0.8796, rel=0.01)  # of N(0, 1) within 2: 0.8796


def test_the_output_is_that_of_the_formulas_written_down_once_more():
    from tests.ops import sequence_loops as loops

    model = tiny()
    p = params_of(BUILD["masked"]())

    def norm(h, name):
        return loops.layer_norm(h, p[f"{name}.gamma"], p[f"{name}.beta"], 1e-12)

    def dense(h, name):
        return h @ p[f"{name}.W"] + p[f"{name}.b"]

    def split(h):
        return h.reshape(3, T, 2, 4).transpose(0, 2, 1, 3)

    h = p["token.W"][FULL.tokens] + p["segment.W"][FULL.segments] + p["position.W"][:T]
    h = norm(h, "embedding_norm")
    for i in range(2):
        q, k, v = (split(dense(h, f"block{i}.{n}")) for n in ("query", "key", "value"))
        o = loops.attention(q, k, v, lambda b, t, s: FULL.mask[b, s])
        o = dense(o.transpose(0, 2, 1, 3).reshape(3, T, 8), f"block{i}.project")
        h = norm(h + o, f"block{i}.attention_norm")
        f = dense(loops.gelu(dense(h, f"block{i}.expand")), f"block{i}.contract")
        h = norm(h + f, f"block{i}.feed_forward_norm")
    asked = np.concatenate([h[b, FULL.positions[b]] for b in range(3)])
    y = norm(loops.gelu(dense(asked, "masked")), "masked_norm") @ p["token.W"].T + p["vocabulary.b"]
    np.testing.assert_allclose(model.forward(p, FULL)[0], y, rtol=0, atol=1e-12)


def test_one_sequence_asked_everything_gives_the_same_rows_as_asked_bit_by_bit():
    model, p = tiny(), params_of(BUILD["masked"]())
    everything = FULL._replace(positions=np.tile(np.arange(T), (3, 1)))
    y, _ = model.forward(p, everything)
    part, _ = model.forward(p, FULL)
    rows = np.arange(3)[:, None] * T + FULL.positions
    np.testing.assert_allclose(y[rows.ravel()], part, rtol=0, atol=1e-13)


def test_dropout_needs_an_rng_and_repeats_with_its_seed():
    case = BUILD["masked with dropout"]()
    params = params_of(case)
    plain = [case.model.forward(params, case.x)[0] for _ in range(2)]
    seeded = [
        case.model.forward(params, case.x, rng=np.random.default_rng(s))[0] for s in (0, 0, 1)
    ]
    np.testing.assert_array_equal(*plain)
    np.testing.assert_array_equal(seeded[0], seeded[1])
    assert np.any(seeded[0] != seeded[2])
    assert np.any(seeded[0] != plain[0])
    same = tiny().forward(params, case.x, rng=np.random.default_rng(0))[0]
    np.testing.assert_array_equal(same, plain[0])  # rate 0: an rng changes nothing


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_it_learns_a_rule_of_its_own_accord(norm):
    """The hidden token is the second or the fourth, as the last one says: attention must look."""
    rng = np.random.default_rng(0)
    model = models.bert(8, width=32, positions=5, norm=norm, weight_init=models.normal(0.15))
    params = model.init(rng)
    link = optim.chain(optim.scale_by_adam(), optim.scale_by_learning_rate(0.01))
    state, losses = link.init(params), []
    for _ in range(150):
        tokens = rng.integers(0, 7, (64, 5))
        labels = np.where(tokens[:, 4] < 3, tokens[:, 1], tokens[:, 3])
        tokens[:, 2] = 7
        x = Batch(tokens, positions=np.full((64, 1), 2))
        y, back = model.forward(params, x)
        loss, back_loss = ops.softmax_cross_entropy(y, labels)
        updates, state = link.update(back(back_loss())[0], state, params)
        params = optim.apply_updates(params, updates)
        losses.append(float(loss))
    print(f"{norm}: {losses[0]:.2f} -> {losses[-1]:.2f} nats")
    assert losses[0] > 1.5
    assert np.mean(losses[-5:]) < 0.5  # without attention: ln 7 = 1.95


ONES = np.ones((2, 4), int)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (Batch(ONES * V, ONES[:, :1]), r"bert: tokens\[0, 0\] is 11, which is not one of the 11"),
        (Batch(-ONES, ONES[:, :1]), r"tokens\[0, 0\] is -1"),
        (Batch(np.ones((2, 10), int), ONES[:, :1]), r"10 tokens, the position table only 9 rows"),
        (Batch(ONES[0], ONES), r"x.tokens must have shape \(B, T\)"),
        (Batch(ONES[:0], ONES[:0]), r"B, T > 0; got \(0, 4\)"),
        (Batch(ONES), "x.positions is missing"),
        (Batch(ONES, ONES[0]), r"x.positions must have shape \(2, P\)"),
        (Batch(ONES, ONES[:, :0]), r"P > 0; got \(2, 0\)"),
        (Batch(ONES, ONES[:1]), r"x.positions must have shape \(2, P\), P > 0; got \(1, 4\)"),
        (Batch(ONES, ONES * 4), r"x.positions has 4, sequences have the positions 0 \.\.\. 3"),
        (Batch(ONES, -ONES), "x.positions has -1"),
        (Batch(ONES, ONES, ONES * 2), r"bert: segments\[0, 0\] is 2"),
        (Batch(ONES, ONES, ONES[:, :3]), r"x.segments has shape \(2, 3\), x.tokens \(2, 4\)"),
        (Batch(ONES, ONES, None, ONES[:1] > 0), r"x.mask has shape \(1, 4\)"),
        (Batch(ONES, ONES, None, np.array([[True] * 4, [False] * 4])), r"mask\[1\] hides every"),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused_and_the_field_named(x, message):
    model, params = tiny(), params_of(BUILD["masked"]())
    with pytest.raises(ValueError, match=message):
        model.forward(params, x)


def test_wrong_types_are_refused():
    model, params = tiny(), params_of(BUILD["masked"]())
    x = Batch(ONES, ONES)
    for wrong, message in (
        (ONES, r"x must be a models.Batch, got ndarray"),
        (x._replace(tokens=1.0 * ONES), "tokens must be integers, got dtype float64"),
        (x._replace(tokens=ONES.tolist()), "got list"),
        (x._replace(positions=1.0 * ONES), "x.positions must be integers"),
        (x._replace(mask=ONES), "mask must be boolean"),
    ):
        with pytest.raises(TypeError, match=message):
            model.forward(params, wrong)
    with pytest.raises(ValueError, match=r"missing=\['block1.key.W'\]"):
        model.forward({k: a for k, a in params.items() if k != "block1.key.W"}, x)
    with pytest.raises(
        TypeError, match=r"'token.W'\] has dtype float64.*'vocabulary.b'\] has floa"
    ):
        model.forward(params | {"vocabulary.b": np.ones(V, "f4")}, x)
    with pytest.raises(ValueError, match=r"'vocabulary.b'\] must have shape \(11,\)"):
        model.forward(params | {"vocabulary.b": np.ones(3)}, x)
    with pytest.raises(TypeError, match="params must be a dict"):
        model.forward(list(params), x)
    with pytest.raises(ValueError, match="stats must be made by"):
        model.forward(params, x, stats={"embedding_norm": (1, 1)})
    assert model.statistics(params, x) == {}
    y, back = model.forward(params, x)
    with pytest.raises(ValueError, match="dy must be like y"):
        back(y[:1])
    y, back = tiny(head="encoder").forward(params_of(BUILD["encoder"]()), x)
    with pytest.raises(TypeError, match="dy must be Encoded, like y; got ndarray"):
        back(y.hidden)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocabulary": 0}, "vocabulary must be a positive integer, got 0"),
        ({"vocabulary": 9, "width": 10, "heads": 3}, "heads must divide width, got heads=3"),
        ({"vocabulary": 9, "head": "both"}, "head must be one of masked, pretraining, encoder"),
        ({"vocabulary": 9, "norm": "none"}, "norm must be one of post, pre; got 'none'"),
        ({"vocabulary": 9, "dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"vocabulary": 9, "attention_dropout": -0.5}, "attention_dropout must be in"),
        ({"vocabulary": 9, "eps": 0.0}, "eps must be positive"),
        ({"vocabulary": 9, "inner": 0}, "inner must be a positive integer"),
    ],
)
def test_a_bert_that_makes_no_sense_is_refused_when_it_is_built(settings, message):
    with pytest.raises(ValueError, match=message):
        models.bert(**settings)


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["post", "pre"])
def test_full_size_base_takes_one_step_at_128_tokens(norm):
    model = models.bert_base("pretraining", norm=norm)
    params = model.init(np.random.default_rng(0))
    assert np.abs(params["block3.key.W"]).max() <= 0.04
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, 30522, (1, 128))
    x = Batch(tokens, np.sort(rng.permutation(128)[:20])[None], np.repeat([[0, 1]], 64, axis=1))
    y, back = model.forward(params, x, rng=rng)
    loss, back_masked = ops.softmax_cross_entropy(y.masked, rng.integers(0, 30522, 20))
    follows, back_follows = ops.softmax_cross_entropy(y.follows, np.array([1]))
    assert abs(float(loss) - np.log(30522)) < 1
    assert abs(float(follows) - np.log(2)) < 1
    dparams, dx = back(models.Pretraining(back_masked(), back_follows()))
    assert dx.shape == (1, 128, 768)
    for k, g in dparams.items():
        assert g.shape == params[k].shape, k
        assert g.dtype == np.float32, k
        assert np.isfinite(g).all(), k
        assert g.any(), k
    moved = {k: w - 0.01 * dparams[k] for k, w in params.items()}
    y, _ = model.forward(moved, x)
    after, _ = ops.softmax_cross_entropy(y.follows, np.array([1]))
    assert after < follows
