"""Laws that every op obeys in every setting of op_cases.py and sequence_cases.py."""

import numpy as np
import pytest

from tests.adjoint import check_adjoint
from tests.ops import op_cases, sequence_cases

CASES = op_cases.CASES | sequence_cases.CASES
assert len(CASES) == len(op_cases.CASES) + len(sequence_cases.CASES)  # no name twice
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def evaluate(case, dtype):
    """Return y, back, dy and all cotangents as a tuple, in ``dtype``."""
    y, back = case.f(*(a.astype(dtype) for a in case.arrays))
    dy = np.random.default_rng(1).standard_normal(np.shape(y)).astype(dtype)
    return y, back, dy, as_tuple(back(dy))


def as_tuple(cotangents):
    return cotangents if isinstance(cotangents, tuple) else (cotangents,)


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
    [case for name, case in CASES.items() if "dropout" not in name],  # the dtype changes the draw
    ids=[name for name in CASES if "dropout" not in name],
)
def test_float32_agrees_with_float64_to_its_precision(case):
    # errors of sums of at most 200 rounded terms, in units of the largest result
    tolerance = 64 * np.finfo(np.float32).eps
    y, _, _, cotangents = evaluate(case, "float32")
    y64, _, _, cotangents64 = evaluate(case, "float64")
    for a, a64 in zip((y, *cotangents), (y64, *cotangents64), strict=True):
        error = np.abs(a - a64).max() / max(1.0, np.abs(a64).max())
        print(f"error {error:.1e}, tolerance {tolerance:.1e}")
        assert error <= tolerance


@every_case
def test_inputs_and_cotangents_are_left_alone(case):
    given = [a.copy() for a in case.arrays]
    y, back = case.f(*given)
    dy = np.ones(np.shape(y))
    back(dy)
    np.testing.assert_array_equal(dy, 1.0)
    for before, after in zip(case.arrays, given, strict=True):
        np.testing.assert_array_equal(before, after)


@every_case
def test_back_called_twice_gives_the_same_twice(case):
    y, back, dy, first = evaluate(case, "float64")
    value = np.array(y)
    kept = [d.copy() for d in first]
    second = as_tuple(back(dy))
    for k, a, b in zip(kept, first, second, strict=True):
        np.testing.assert_array_equal(k, a)  # the second call did not write into the first's
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(value, y)


@every_case
def test_results_may_be_written_into_without_touching_the_inputs(case):
    given = [a.copy() for a in case.arrays]
    y, _ = case.f(*given)
    if np.ndim(y):
        y[...] = 99.0
    for before, after in zip(case.arrays, given, strict=True):
        np.testing.assert_array_equal(before, after)
    _, back = case.f(*given)
    for d in as_tuple(back(np.ones(np.shape(y)))):
        d[...] = 99.0
    for before, after in zip(case.arrays, given, strict=True):
        np.testing.assert_array_equal(before, after)


@every_case
def test_memory_layout_of_the_inputs_does_not_matter(case):
    y, back = case.f(*case.arrays)
    strided = [np.repeat(a, 2, axis=-1)[..., ::2] for a in case.arrays]
    fortran = [np.asfortranarray(a) for a in case.arrays]
    dy = np.random.default_rng(1).standard_normal(np.shape(y))
    expected = as_tuple(back(dy))
    for other in (strided, fortran):
        y2, back2 = case.f(*other)
        np.testing.assert_allclose(y2, y, rtol=1e-12, atol=1e-13)
        for d, e in zip(as_tuple(back2(np.asfortranarray(dy))), expected, strict=True):
            np.testing.assert_allclose(d, e, rtol=1e-12, atol=1e-13)


@every_case
def test_a_cotangent_of_the_wrong_shape_or_dtype_is_refused(case):
    y, back = case.f(*case.arrays)
    if np.ndim(y) == 0:
        assert back(np.float64(2.0)).dtype == np.float64  # a scalar loss takes any scalar
        return
    with pytest.raises(ValueError, match=r"dy has shape .*, the output has shape"):
        back(np.ones((*y.shape[:-1], y.shape[-1] + 1)))
    with pytest.raises(ValueError, match="dy has shape"):
        back(np.ones(y.shape[-1:]))  # would broadcast
    with pytest.raises(TypeError, match="dy has dtype float32, the output has dtype float64"):
        back(np.ones(y.shape, np.float32))
    with pytest.raises(TypeError, match="dy is no cotangent"):
        back(1.0)
