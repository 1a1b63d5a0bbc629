"""What the notebooks share: the switch to the GPU, and sliders."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tests.notebooks import notebook_files  # noqa: F401  (puts notebooks/ on the path)

import show  # isort: skip


def fake_cupy(*, available=True, fails=False):
    def ones(n):
        if fails:
            raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
        return np.ones(n)

    return SimpleNamespace(is_available=lambda: available, ones=ones)


def test_without_cupy_arrays_are_numpys(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # import cupy raises ImportError
    assert show.array_module() is np


@pytest.mark.parametrize("how", [{"available": False}, {"fails": True}])
def test_cupy_without_a_working_device_is_not_used(monkeypatch, how):
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy(**how))
    assert show.array_module() is np


def test_cupy_with_a_working_device_is_used_and_nothing_is_printed(monkeypatch, capsys):
    cupy = fake_cupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert show.array_module() is cupy
    assert capsys.readouterr().out == ""


@pytest.fixture
def box(monkeypatch):
    """What ``slider`` displays."""
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    return shown


def test_a_slider_draws_at_once_and_again_with_the_value_it_is_moved_to(box):
    drawn = []
    show.slider(lambda *values: drawn.append(values), {"batch": [4, 16, 64], "rate": (0.1, 0.25)})
    ((batch, rate, _),) = (one.children for one in box)
    assert (batch.description, rate.description) == ("batch", "rate")
    assert drawn == [(16, 0.25)]
    batch.value = 64
    rate.value = 0.1
    assert drawn[1:] == [(64, 0.25), (64, 0.1)]


def test_a_slider_reads_numbers_shortly_and_words_as_they_are(box):
    show.slider(lambda *_: None, {"x": [1 / 3, 2], "word": ["start", "end"]})
    x, word, _ = box[0].children
    assert [label for label, _ in x.options] == ["0.333", "2"]
    assert [label for label, _ in word.options] == ["start", "end"]


def test_without_ipywidgets_one_line_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    show.slider(lambda x: None, {"x": [1]})
    assert "pip install ipywidgets" in capsys.readouterr().out
