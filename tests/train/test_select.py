import re
from math import inf

import pytest

from lbopt.train import choose, markdown


def record(
    rate, seed, val, test=0.5, *, optimizer="lars", batch=32, task="mlp", diverged=None, epochs=30
):
    return {
        "run": {
            "task": task, "optimizer": optimizer, "batch_size": batch, "learning_rate": rate,
            "seed": seed, "epochs": epochs, "warmup": 0.1, "power": 2.0,
        },
        "val_accuracy": val,
        "test_accuracy": test,
        "diverged": diverged,
    }  # fmt: skip


def grid(table, **fixed):
    """{rate: [(val, test) per seed]} as records."""
    return [
        record(rate, seed, val, test, **fixed)
        for rate, seeds in table.items()
        for seed, (val, test) in enumerate(seeds)
    ]


def test_the_rate_is_chosen_on_validation_though_another_is_better_on_test():
    planted = {
        0.01: [(0.90, 0.99), (0.92, 0.99)],  # best on test
        0.03: [(0.95, 0.91), (0.95, 0.93)],  # best on validation
        0.10: [(0.97, 0.80), (0.80, 0.82)],  # best single validation, worse mean
    }
    (row,) = choose(grid(planted))
    assert row.learning_rate == 0.03
    assert row.edge == ""
    assert row.rates == 3
    assert (row.val_mean, row.test_mean) == pytest.approx((0.95, 0.92))
    assert row.test_sd == pytest.approx(0.02 / 2**0.5)  # sample sd, n - 1
    assert (row.seeds, row.diverged) == (2, 0)


def test_on_a_tie_the_smaller_rate_is_taken_in_any_order_of_records():
    # 147 + 360 and 150 + 357 of 360 are equally many, but their floating-point means are not equal
    few, many = [(147 / 360, 0.1), (360 / 360, 0.1)], [(150 / 360, 0.2), (357 / 360, 0.2)]
    assert few[0][0] + few[1][0] < many[0][0] + many[1][0]
    table = grid({0.3: many, 0.1: few, 1.0: [(0.1, 0.3)] * 2})
    assert choose(table)[0].learning_rate == 0.1
    assert choose(table[::-1])[0].learning_rate == 0.1


@pytest.mark.parametrize(("best", "edge"), [(0.01, "<"), (0.03, ""), (0.1, ">")])
def test_the_edge_of_the_grid_is_flagged(best, edge):
    (row,) = choose(
        grid({rate: [(0.9 if rate == best else 0.5, 0.5)] for rate in (0.1, 0.01, 0.03)})
    )
    assert row.edge == edge


def test_a_single_rate_is_no_grid_and_has_no_edge():
    (row,) = choose(grid({0.1: [(0.9, 0.8)]}))
    assert (row.edge, row.rates, row.seeds, row.test_sd, row.val_sd) == ("", 1, 1, None, None)


def test_incomplete_seeds_are_refused_and_the_missing_run_is_named():
    records = grid({0.01: [(0.9, 0.9)] * 3, 0.1: [(0.8, 0.9)] * 3})
    with pytest.raises(
        ValueError, match=r"mlp lars batch 32: learning rate 0\.1 .* seed 1 \(1 of 3"
    ):
        choose([r for r in records if (r["run"]["learning_rate"], r["run"]["seed"]) != (0.1, 1)])


def test_a_run_counted_twice_is_refused():
    with pytest.raises(ValueError, match="two records"):
        choose([record(0.1, 0, 0.9), record(0.1, 0, 0.8)])


def test_diverged_runs_count_as_they_are_and_are_reported():
    records = [
        record(0.1, 0, 0.99), record(0.1, 1, 0.1, diverged={"step": 3, "what": "loss"}),
        record(0.01, 0, 0.5), record(0.01, 1, 0.5),
    ]  # fmt: skip
    (row,) = choose(records)
    assert (row.learning_rate, row.diverged) == (0.1, 1)
    records[0]["val_accuracy"] = 0.8  # mean .45: the diverged run is not left out of it
    assert choose(records)[0].learning_rate == 0.01


def test_settings_are_kept_apart_and_ordered_by_first_appearance_then_batch():
    records = [
        record(0.1, 0, 0.9, task=task, optimizer=optimizer, batch=batch)
        for task in ("mlp", "alexnet")
        for batch in (512, 32)
        for optimizer in ("sgd", "lars")
    ]
    got = [row.setting[:3] for row in choose(records)]
    assert got == [
        ("mlp", "sgd", 32), ("mlp", "sgd", 512), ("mlp", "lars", 32), ("mlp", "lars", 512),
        ("alexnet", "sgd", 32), ("alexnet", "sgd", 512),
        ("alexnet", "lars", 32), ("alexnet", "lars", 512),
    ]  # fmt: skip
    assert len(choose([record(0.1, 0, 0.9), record(0.1, 0, 0.9, epochs=15)])) == 2


def test_no_records_give_no_rows_and_an_empty_table():
    assert choose([]) == []
    assert markdown([]) == ""


def test_the_table_shows_means_spreads_rates_edges_and_divergence():
    records = grid({0.01: [(0.5, 0.5)] * 2, 0.1: [(0.9, 0.8), (0.9, 0.9)]}) + [
        record(0.1, s, 0.9, 0.2, optimizer="sgd", batch=512, diverged={"step": 0} if s else None)
        for s in range(2)
    ]
    table = markdown(choose(records), names={"lars": "LARS"})
    lines = table.splitlines()
    assert "2 seeds" in lines[0]
    assert re.fullmatch(r"\|\s+\| 32\s+\| 512\s+\|", lines[2])
    assert re.fullmatch(r"\| LARS \| 85\.0 ± 7\.1, 0\.1> +\| +\|", lines[4])
    assert re.fullmatch(r"\| sgd +\| +\| 20\.0 ± 0\.0, 0\.1 \(1 div\.\) +\|", lines[5])
    assert len({len(line) for line in lines[2:]}) == 1


def test_rows_of_other_epochs_warm_up_or_power_stand_in_tables_of_their_own():
    records = [
        record(0.1, 0, 0.9, 0.81),
        record(0.1, 0, 0.9, 0.82, epochs=15),
        record(0.1, 0, 0.9, 0.83),
    ]
    records[2]["run"]["warmup"] = 0.0
    tables = markdown(choose(records)).split("\n\nmlp: ")
    assert len(tables) == 3
    for table, score, words in zip(
        tables,
        ("82.0", "83.0", "81.0"),
        ("15 epochs, warm-up 0.1", "30 epochs, warm-up 0,", "30 epochs, warm-up 0.1"),
        strict=True,
    ):
        assert score in table
        assert words in table.splitlines()[0]
        assert table.count("| lars") == 1
    assert "warm-up" not in markdown(choose(records[:1])), "said only where it tells tables apart"


def test_two_rows_for_one_cell_are_refused():
    rows = choose([record(0.1, 0, 0.9)])
    with pytest.raises(ValueError, match=r"mlp.*lars.*batch 32"):
        markdown(rows + rows)


# --- losses -----------------------------------------------------------------------------------


def loss(rate, seed, val, test=1.0, **fixed):
    """The accuracy is best where the loss is worst."""
    return record(rate, seed, val / 10 if val else 1.0, **fixed) | {
        "metric": "loss", "val_loss": val, "test_loss": test,
    }  # fmt: skip


def test_the_rate_with_the_lowest_mean_validation_loss_is_chosen():
    table = {0.01: (2.0, 2.2), 0.03: (1.0, 1.4), 0.1: (0.9, 1.8), 0.3: (5.0, 5.0)}
    records = [
        loss(rate, seed, val, test=10 * val)
        for rate, v in table.items()
        for seed, val in enumerate(v)
    ]
    (row,) = choose(records)
    assert (row.metric, row.learning_rate, row.edge) == ("loss", 0.03, "")
    assert (row.val_mean, row.test_mean) == pytest.approx((1.2, 12.0))
    assert row.test_sd == pytest.approx(4 / 2**0.5)
    assert choose([r for r in records if r["run"]["learning_rate"] < 0.1])[0].edge == ">"


def test_a_loss_that_is_not_finite_is_infinite_and_never_chosen_while_another_is_there():
    records = [loss(0.01, 0, 3.0), loss(0.01, 1, 3.0), loss(0.1, 0, 0.1), loss(0.1, 1, None)]
    (row,) = choose(records)
    assert row.learning_rate == 0.01
    (row,) = choose([loss(0.1, 0, None, None), loss(0.1, 1, 1.0, 1.0)])
    assert (row.val_mean, row.test_mean, row.val_sd, row.test_sd) == (inf, inf, inf, inf)


def test_on_a_tie_of_losses_the_smaller_rate_is_taken():
    records = [loss(rate, 0, 1.5) for rate in (0.3, 0.1, 1.0)]
    assert choose(records)[0].learning_rate == 0.1


def test_losses_stand_in_the_table_in_nats():
    records = [loss(0.1, s, 1.0, test) for s, test in enumerate((1.9, 2.1))]
    lines = markdown(choose(records)).splitlines()
    assert "test loss in nats" in lines[0]
    assert "%" not in lines[0]
    assert re.fullmatch(r"\| lars \| 2\.000 ± 0\.141, 0\.1 \|", lines[4])
