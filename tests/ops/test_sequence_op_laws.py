"""The laws of test_op_laws.py for the ops of language models, in the settings of sequence_cases."""

import numpy as np
import pytest

from tests.adjoint import check_adjoint
from tests.ops.sequence_cases import CASES

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def as_tuple(cotangents):
    return cotangents if isinstance(cotangents, tuple) else (cotangents,)


def evaluate(case, dtype, arrays=None):
    y, back = case.f(*(a.astype(dtype) for a in arrays or case.arrays))
    dy = np.random.default_rng(1).standard_normal(np.shape(y)).astype(dtype)
    return y, back, dy, as_tuple(back(dy))


@every_case
def test_back_is_the_transpose_of_the_derivative_for_every_argument(case):
    check_adjoint(case.f, *case.arrays, names=case.names)


@every_case
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_in_is_dtype_out(case, dtype):
    y, _, _, cotangents = evaluate(case, dtype)
    assert [y.dtype, *(d.dtype for d in cotangents)] == [dtype] * (1 + len(case.arrays))
    assert [d.shape for d in cotangents] == [a.shape for a in case.arrays]
    assert all(np.isfinite(a).all() for a in (y, *cotangents))


@pytest.mark.parametrize(
    "case",
    [case for name, case in CASES.items() if "dropout" not in name],
    ids=[name for name in CASES if "dropout" not in name],
)
def test_float32_agrees_with_float64_to_its_precision(case):
    tolerance = 64 * np.finfo(np.float32).eps  # sums of rounded terms, relative to the largest
    y, _, _, cotangents = evaluate(case, "float32")
    y64, _, _, cotangents64 = evaluate(case, "float64")
    for a, a64 in zip((y, *cotangents), (y64, *cotangents64), strict=True):
        error = np.abs(a - a64).max() / max(1.0, np.abs(a64).max())
        print(f"error {error:.1e}, tolerance {tolerance:.1e}")
        assert error <= tolerance


@every_case
def test_inputs_and_cotangents_are_left_alone_and_back_may_be_called_twice(case):
    given = [a.copy() for a in case.arrays]
    for a in given:
        a.flags.writeable = False
    y, back = case.f(*given)
    dy = np.random.default_rng(1).standard_normal(np.shape(y))
    dy.flags.writeable = False
    value, first = y.copy(), as_tuple(back(dy))
    kept = [d.copy() for d in first]
    second = as_tuple(back(dy))
    for k, a, b in zip(kept, first, second, strict=True):
        np.testing.assert_array_equal(k, a)  # the second call did not write into the first's
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(value, y)
    for d in second:  # every cotangent is the caller's own
        d[...] = 99.0


@every_case
def test_memory_layout_of_the_inputs_does_not_matter(case):
    y, back = case.f(*case.arrays)
    dy = np.random.default_rng(1).standard_normal(np.shape(y))
    expected = as_tuple(back(dy))
    strided = [np.repeat(a, 2, axis=-1)[..., ::2] for a in case.arrays]
    for other in (strided, [np.asfortranarray(a) for a in case.arrays]):
        y2, back2 = case.f(*other)
        np.testing.assert_allclose(y2, y, rtol=1e-12, atol=1e-13)
        for d, e in zip(as_tuple(back2(np.asfortranarray(dy))), expected, strict=True):
            np.testing.assert_allclose(d, e, rtol=1e-12, atol=1e-13)


@every_case
def test_a_cotangent_of_the_wrong_shape_or_dtype_is_refused(case):
    y, back = case.f(*case.arrays)
    with pytest.raises(ValueError, match=r"dy has shape .*, the output has shape"):
        back(np.ones((*y.shape[:-1], y.shape[-1] + 1)))
    with pytest.raises(ValueError, match="dy has shape"):
        back(np.ones(y.shape[-1:]))  # would broadcast
    with pytest.raises(TypeError, match="dy has dtype float32, the output has dtype float64"):
        back(np.ones(y.shape, np.float32))
    with pytest.raises(TypeError, match="dy is no cotangent"):
        back(1.0)
