"""Variants against trajectories recorded from six libraries (see record_peers.py)."""

import json

import numpy as np
import pytest

from lbopt.optim import variants
from lbopt.optim.masks import weights_only
from tests.optim.backends import trajectory
from tests.optim.problems import agree, differ
from tests.optim.record_peers import FOLDER, NO_B, RUNS, planned, problem, rate

RECORDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
ALL = [(peer, i) for peer, record in RECORDS.items() for i in range(len(record["runs"]))]
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


def variant(run, **other):
    kw = dict(run["settings"]) | other
    mask = weights_only if kw.pop(NO_B, False) else None
    return variants.make(run["name"], rate, decay_mask=mask, **kw)


def compared(peer, i, opt):
    """(ours, theirs) at the recorded steps; the weights of the start are added to either.

    So errors are relative to the larger of both: some weights pass near zero.
    """
    run = RECORDS[peer]["runs"][i]
    w, grads = problem(run["seed"], run["dtype"])
    ours = trajectory(opt, w, grads)
    for step, theirs in run["weights"].items():
        at = ours[int(step) - 1]
        yield tuple(
            {k: np.concatenate([np.ravel(x[k]), a.ravel()]).astype("f8") for k, a in w.items()}
            for x in (at, theirs)
        )


@pytest.mark.parametrize(("peer", "i"), ALL)
def test_variant_follows_the_recorded_library(peer, i):
    run = RECORDS[peer]["runs"][i]
    for ours, theirs in compared(peer, i, variant(run)):
        agree(ours, theirs, TOLERANCE[run["dtype"]])


def test_the_records_are_those_of_the_recorder():
    assert RECORDS.keys() == RUNS.keys()
    for peer, record in RECORDS.items():
        got = [(r["name"], r["settings"], r["seed"], r["dtype"]) for r in record["runs"]]
        assert got == list(planned(peer))


@pytest.mark.parametrize("peer", RECORDS)
def test_a_slightly_wrong_setting_is_seen(peer):
    for i, run in enumerate(RECORDS[peer]["runs"]):
        for key, value in run["settings"].items():
            idle = key == "lars_coeff" and run["settings"]["lars_weight_decay"] == 0
            if isinstance(value, float) and value and not idle:
                wrong = variant(run, **{key: value * 0.9})
                (*_, (ours, theirs)) = compared(peer, i, wrong)
                differ(ours, theirs, 10 * TOLERANCE[run["dtype"]])
