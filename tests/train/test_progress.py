import builtins
import io
import sys

import pytest

from lbopt.train import progress as progress_module
from lbopt.train.progress import bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar(monkeypatch):
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    with bar(3, "mlp8", "step", show=True) as b:
        b.update(3)
    assert "mlp8" in out.getvalue()
    assert "3/3" in out.getvalue()


def test_a_file_gets_none(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    with bar(3, "mlp8", "step", show=True) as b:
        b.update(3)
    assert out.getvalue() == ""


def test_nothing_is_shown_unless_asked_for(monkeypatch):
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    with bar(3, "mlp8", "step", show=False) as b:
        b.update()
        b.set_postfix_str("loss 1")
    assert out.getvalue() == ""


def test_a_notebook_gets_a_bar_though_its_output_is_no_terminal(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setattr(progress_module, "in_notebook", lambda: True)
    with bar(3, "mlp8", "step", show=True) as b:
        b.update(3)
    assert "3/3" in out.getvalue()


def test_without_tqdm_the_error_names_the_extra(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("tqdm"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r'pip install "lbopt\[experiments\]"'):
        bar(3, "mlp8", "step", show=True)
    bar(3, "mlp8", "step", show=False)
