"""Laws of BERT, as functions: tests apply them to models, and mutants must break them."""

from __future__ import annotations

import numpy as np

from tests.adjoint import check_adjoint
from tests.models.bert_cases import Case, flat, params_of, unflat


def adjoint_law(case: Case) -> None:
    """<u, J v> = <J' u, v> for every parameter by itself, and for all together.

    The key's bias moves nothing: its derivative is zero, and what is compared is rounding.
    """
    params = params_of(case)
    keys = [k for k in params if not k.endswith("key.b")]

    def f(*leaves):
        rng = np.random.default_rng(11)  # the same dropout every time
        p = params | dict(zip(keys, leaves, strict=True))
        y, back = case.model.forward(p, case.x, rng=rng)

        def back_leaves(dy):
            dparams, _ = back(unflat(dy, y))
            return tuple(dparams[k] for k in keys)

        return flat(y), back_leaves

    check_adjoint(f, *(params[k] for k in keys), names=tuple(keys))


def embedding_sum_law(case: Case) -> None:
    """dx is the cotangent of the embeddings' sum: the tables' gradients follow from it alone.

    Where the table is not used a second time: rows that no token takes get the head's part only.
    """
    params = params_of(case)
    y, back = case.model.forward(params, case.x)
    dy = unflat(np.random.default_rng(5).standard_normal(flat(y).shape), y)
    dparams, dx = back(dy)
    tokens, _, segments, _ = case.x
    expected = np.zeros_like(params["position.W"])
    expected[: tokens.shape[1]] = dx.sum(0)
    np.testing.assert_allclose(dparams["position.W"], expected, rtol=0, atol=1e-12)
    by_segment = np.zeros_like(params["segment.W"])
    np.add.at(by_segment, tokens * 0 if segments is None else segments, dx)
    np.testing.assert_allclose(dparams["segment.W"], by_segment, rtol=0, atol=1e-12)


def padding_law(case: Case) -> None:
    """What stands under the padding, and how much of it there is, changes no other output."""
    params = params_of(case)
    x = case.x
    y, _ = case.model.forward(params, x)
    other = x.tokens.copy()
    other[~x.mask] = (other[~x.mask] + 1) % 11
    y_other, _ = case.model.forward(params, x._replace(tokens=other))
    np.testing.assert_array_equal(seen_part(y, x), seen_part(y_other, x))
    # the last sequence by itself, cut to its real length
    n = int(x.mask[2].sum())
    alone = type(x)(x.tokens[2:, :n], x.positions[2:], x.segments[2:, :n])
    y_alone, _ = case.model.forward(params, alone)
    y_masked = y.masked if hasattr(y, "masked") else y
    y_alone = y_alone.masked if hasattr(y_alone, "masked") else y_alone
    np.testing.assert_allclose(y_masked[4:], y_alone, rtol=0, atol=1e-12)


def seen_part(y, x) -> np.ndarray:
    if hasattr(y, "hidden"):
        return flat((y.hidden[x.mask], y.pooled))
    return flat(y)


def sequences_do_not_see_each_other_law(case: Case) -> None:
    """The output of a sequence does not depend on its neighbours in the batch."""
    params = params_of(case)
    together, _ = case.model.forward(params, case.x)
    rows = [
        case.model.forward(
            params, type(case.x)(*(a if a is None else a[i : i + 1] for a in case.x))
        )[0]
        for i in range(3)
    ]
    if isinstance(together, tuple):
        for k, part in enumerate(together):
            joined = np.concatenate([r[k] for r in rows])
            np.testing.assert_allclose(joined, part, rtol=0, atol=1e-12)
    else:
        np.testing.assert_allclose(np.concatenate(rows), together, rtol=0, atol=1e-12)
