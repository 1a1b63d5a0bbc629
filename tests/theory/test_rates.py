"""With b = T the averages fall as fast as the bounds; with b fixed they do not."""

import pytest

from theory.rates import EXPECTED, HORIZONS, families, floor, rate, rates, slope, table

BY_NAME = {name: (problem, noise) for name, problem, noise in families()}


CASES = [(theorem, "cosine, coins") for theorem in EXPECTED]
CASES += [(theorem, "quadratic, coins") for theorem in EXPECTED if theorem != "lamb"]  # no G there


@pytest.mark.parametrize(("theorem", "name"), CASES)
def test_measured_and_bound_fall_with_the_power_of_the_theorem(theorem, name):
    found = rate(theorem, name, *BY_NAME[name], horizons=(16, 64, 256), replicates=16)
    assert found.bound_slope == pytest.approx(EXPECTED[theorem], abs=1e-9)
    allowed = {"lamb": 0.1}.get(theorem, 0.04)  # LAMB's own slope is steeper than its bound's
    assert found.measured_slope == pytest.approx(EXPECTED[theorem], abs=allowed)
    assert all(v.verdict in ("holds", "vacuous") for v in found.verdicts)


def test_a_ratio_of_an_exact_rate_settles():
    found = rate("lars", "quadratic, coins", *BY_NAME["quadratic, coins"], horizons=(64, 256))
    ratios = [v.ratio for v in found.verdicts]
    assert min(ratios) > 0.6
    assert max(ratios) - min(ratios) < 0.03


def test_the_bound_of_lamb_is_vacuous_on_ordinary_problems_and_is_called_so():
    found = rate("lamb", "well, coins", *BY_NAME["well, coins"], horizons=(4, 16), replicates=8)
    assert [v.verdict for v in found.verdicts] == ["vacuous", "vacuous"]
    assert max(v.ratio for v in found.verdicts) < 0.02
    assert table([found]).splitlines()[1].endswith("every T")


def test_with_a_fixed_batch_the_gradient_has_a_floor_and_with_b_equal_t_it_has_none():
    fixed, growing = floor(1), floor(None)  # exact
    assert slope(HORIZONS, fixed) == pytest.approx(0.0, abs=1e-3)
    assert all(v == pytest.approx(0.89, abs=0.005) for v in fixed)
    assert slope(HORIZONS[2:], growing[2:]) == pytest.approx(-0.47, abs=0.01)
    assert growing[-1] < 0.05


def test_slope_is_the_exponent_of_a_power():
    assert slope(HORIZONS, [3.0 * T**-0.75 for T in HORIZONS]) == pytest.approx(-0.75)


@pytest.mark.slow
def test_all_rates_up_to_the_horizon_4096():
    for found in rates():
        assert found.bound_slope == pytest.approx(EXPECTED[found.theorem], abs=1e-9)
        late = slope(found.horizons[2:], [v.measured for v in found.verdicts[2:]])
        allowed = {"lamb": 0.1}.get(found.theorem, 0.07)
        assert late == pytest.approx(EXPECTED[found.theorem], abs=allowed), found
        assert all(v.verdict in ("holds", "vacuous") for v in found.verdicts)
