"""Variants against trajectories recorded from MXNet, Paddle and tf-models (see record_peers.py)."""

import json

import numpy as np
import pytest

from lbopt.optim import variants
from lbopt.optim.masks import weights_only
from tests.optim.backends import trajectory
from tests.optim.problems import agree, differ
from tests.optim.record_peers import FOLDER, NO_B, RUNS, SEEDS, problem, rate

RECORDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
ALL = [(peer, i) for peer, record in RECORDS.items() for i in range(len(record["runs"]))]
# MXNet computes in float32, Paddle and tf-models in the weights' float64
TOLERANCE = {"mxnet": 1e-6, "paddle": 1e-12, "tfmodels": 1e-12}


def variant(run, **other):
    kw = dict(run["settings"]) | other
    mask = weights_only if kw.pop(NO_B, False) else None
    return variants.make(run["name"], rate, decay_mask=mask, **kw)


def compared(peer, i, opt):
    """(ours, theirs) at the recorded steps; the weights of the start are added to either.

    So errors are relative to the larger of both: some weights pass near zero.
    """
    run = RECORDS[peer]["runs"][i]
    w, grads = problem(run["seed"], RECORDS[peer]["dtype"])
    wide = [{k: a.astype("f8") for k, a in x.items()} for x in (w, *grads)]
    ours = trajectory(opt, wide[0], wide[1:])
    for step, theirs in run["weights"].items():
        at = ours[int(step) - 1]
        yield tuple(
            {k: np.concatenate([np.ravel(x[k]), a.ravel()]) for k, a in wide[0].items()}
            for x in (at, theirs)
        )


@pytest.mark.parametrize(("peer", "i"), ALL)
def test_variant_follows_the_recorded_library(peer, i):
    for ours, theirs in compared(peer, i, variant(RECORDS[peer]["runs"][i])):
        agree(ours, theirs, TOLERANCE[peer])


def test_the_records_are_those_of_the_recorder():
    assert RECORDS.keys() == RUNS.keys()
    for peer, record in RECORDS.items():
        want = [(n, kw, seed) for n, kw in RUNS[peer] for seed in SEEDS]
        assert [(r["name"], r["settings"], r["seed"]) for r in record["runs"]] == want


@pytest.mark.parametrize("peer", RECORDS)
def test_a_slightly_wrong_setting_is_seen(peer):
    for i, run in enumerate(RECORDS[peer]["runs"]):
        for key, value in run["settings"].items():
            idle = key == "lars_coeff" and run["settings"]["lars_weight_decay"] == 0
            if isinstance(value, float) and value and not idle:
                wrong = variant(run, **{key: value * 0.9})
                (*_, (ours, theirs)) = compared(peer, i, wrong)
                differ(ours, theirs, 10 * TOLERANCE[peer])
