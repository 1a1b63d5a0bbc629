import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from lbopt import models, optim, train
from lbopt.data import Split


class Pair(NamedTuple):
    first: object
    second: object


def nest():
    rng = np.random.default_rng(0)
    return (
        {"conv1.W": rng.standard_normal((3, 4)).astype(np.float32), "file": np.array(2.5)},
        Pair(7, ({"a/b": rng.integers(0, 9, 5)}, [np.zeros((0, 3)), None, True])),
        (),
        Pair(0.1, "lars"),
        np.array([np.nan, -0.0, np.inf, 5e-324]),
        np.arange(12.0).reshape(3, 4).T[::2],  # neither C- nor F-contiguous
        np.float16([1, 2]),
        2**70,
    )


def flat(tree):
    if isinstance(tree, dict):
        return [(k, x) for k, v in tree.items() for x in flat(v)]
    if isinstance(tree, tuple | list):
        return [(type(tree), x) for v in tree for x in flat(v)]
    if hasattr(tree, "dtype"):
        return [(str(tree.dtype), tree.shape, np.asarray(tree).tobytes())]
    return [(type(tree), tree)]


def test_what_is_loaded_is_bit_for_bit_what_was_saved(tmp_path):
    tree = nest()
    train.save(tmp_path / "run", tree)
    got = train.load(tmp_path / "run", like=nest())
    assert flat(got) == flat(tree)
    assert isinstance(got[1], Pair)
    assert [p.name for p in tmp_path.iterdir()] == ["run"], "no .npz appended, nothing left over"


def test_the_values_come_from_the_file_and_not_from_like(tmp_path):
    train.save(tmp_path / "c", ({"W": np.ones(3)}, 5))
    got = train.load(tmp_path / "c", like=({"W": np.zeros(3)}, 0))
    assert got[1] == 5
    assert got[0]["W"].tolist() == [1, 1, 1]


def test_a_run_continued_from_a_file_is_the_uninterrupted_run(tmp_path):
    rng = np.random.default_rng(0)
    data = Split(rng.standard_normal((40, 6), np.float32), rng.integers(0, 3, 40))
    model = models.mlp(inputs=6, hidden=8, layers=3, classes=3)
    schedule = optim.schedules.polynomial(0.1, 12)
    opt = optim.lars(schedule, trust_coefficient=0.1)
    whole = train.fit(model, opt, data, epochs=3, batch_size=10, seed=0)

    class Stop(Exception):
        pass

    def save_and_stop(record, checkpoint):
        train.save(tmp_path / "run.npz", checkpoint)
        if record.step == 5:
            raise Stop

    with pytest.raises(Stop):
        train.fit(model, opt, data, epochs=3, batch_size=10, seed=0, on_step=save_and_stop)
    fresh = model.init(np.random.default_rng(99))
    like = train.Checkpoint(fresh, opt.init(fresh), 0)
    checkpoint = train.load(tmp_path / "run.npz", like=like)
    assert checkpoint.step == 6
    rest = train.fit(model, opt, data, epochs=3, batch_size=10, seed=0, start=checkpoint)
    for k, w in whole.params.items():
        assert np.array_equal(rest.params[k], w), k
    # and it is the state that matters: with momentum and step count lost, the run is another
    forgetful = checkpoint._replace(state=opt.init(checkpoint.params))
    other = train.fit(model, opt, data, epochs=3, batch_size=10, seed=0, start=forgetful)
    assert not np.array_equal(other.params["layer0.W"], whole.params["layer0.W"])


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path, keep):
    path = tmp_path / "c.npz"
    train.save(path, nest())
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(ValueError, match=r"c\.npz is cut short"):
        train.load(path, like=nest())


def test_a_flipped_bit_is_found(tmp_path):
    path = tmp_path / "c.npz"
    tree = {"W": np.arange(1000.0)}
    train.save(path, tree)
    data = bytearray(path.read_bytes())
    at = data.find(np.float64(500).tobytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="damaged"):
        train.load(path, like=tree)


def test_other_files_are_refused_and_pickles_are_not_run(tmp_path):
    np.savez(tmp_path / "plain.npz", W=np.ones(3))
    np.savez(tmp_path / "objects.npz", meta=np.array([{"a": 1}], dtype=object))
    (tmp_path / "text").write_text("hello")
    for name in ("plain.npz", "objects.npz", "text"):
        with pytest.raises(ValueError, match="no lbopt checkpoint"):
            train.load(tmp_path / name, like=({"W": np.ones(3)},))
    with pytest.raises(FileNotFoundError):
        train.load(tmp_path / "absent", like=())


@pytest.mark.parametrize(
    ("like", "words"),
    [
        (({"W": np.ones(3)}, 1, 2), "[2]"),
        (({"W": np.ones(3), "b": np.ones(1)}, 1), "[0]['b']"),
        (({"V": np.ones(3)}, 1), "[0]['V']"),
        (({"W": np.ones(4)}, 1), "(4,)"),
        (({"W": np.ones(3, np.float32)}, 1), "float32"),
        (({"W": 1.0}, 1), "[0]['W']"),
        (({"W": np.ones(3)}, np.ones(())), "[1]"),
        (({"W": np.ones(3)}, 1.0), "float"),
    ],
)
def test_a_structure_that_differs_is_named_by_its_place(tmp_path, like, words):
    train.save(tmp_path / "c", ({"W": np.ones(3)}, 1))
    with pytest.raises(ValueError) as e:
        train.load(tmp_path / "c", like=like)
    assert words in str(e.value), str(e.value)


@pytest.mark.parametrize("leaf", [object(), {1, 2}, lambda: 0, np.array([object()]), 1j])
def test_what_cannot_be_saved_is_named_and_the_old_file_stays(tmp_path, leaf):
    path = tmp_path / "c"
    train.save(path, ({"W": np.ones(3)},))
    with pytest.raises(TypeError, match=r"\[0\]\['W'\]"):
        train.save(path, ({"W": leaf},))
    assert train.load(path, like=({"W": np.zeros(3)},))[0]["W"].tolist() == [1, 1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_a_disk_that_fails_while_saving_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "c"
    train.save(path, {"W": np.ones(3)})

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        train.save(path, {"W": np.zeros(3)})
    assert train.load(path, like={"W": np.zeros(3)})["W"].tolist() == [1, 1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_process_killed_while_it_saves_leaves_a_whole_checkpoint(tmp_path):
    path = tmp_path / "c.npz"
    code = (
        "import sys, numpy as np; from lbopt.train.checkpoint import save; i = 0\n"
        "while True: save(sys.argv[1], {'W': np.full(300_000, float(i))}); i += 1\n"
    )
    root = Path(__file__).parents[2]
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=root)
    try:
        while not path.exists():
            assert child.poll() is None
        for _ in range(3):
            W = train.load(path, like={"W": np.zeros(300_000)})["W"]
            assert (W[0] == W).all()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    W = train.load(path, like={"W": np.zeros(300_000)})["W"]
    assert (W[0] == W).all()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot save run\.npz: there is no folder .*/no"):
        train.save(tmp_path / "no" / "run.npz", {"W": np.ones(2)})
