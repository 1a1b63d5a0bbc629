"""Short runs, and processes to be stopped."""

import os
import signal
import time
from pathlib import Path

from lbopt.train import Run

ROOT = Path(__file__).parents[2]


def quick_runs(seeds=2):
    return [
        Run("mlp", optimizer, 1077, rate, seed, epochs=2)
        for optimizer in ("nesterov", "lars")
        for rate in (0.03, 0.1)
        for seed in range(seeds)
    ]


def timeless(records):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records]


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)


def nobody_left(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def with_ctrl_c():
    """Let a child be interrupted where we are not (nohup, a job in the background of sh)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
