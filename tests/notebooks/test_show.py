"""What the notebooks share: the switch to the GPU."""

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
