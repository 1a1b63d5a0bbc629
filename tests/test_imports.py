"""Imports point one way, `import lbopt` is light, and no file holds two ideas."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "lbopt").rglob("*.py"))
THEORY = sorted((ROOT / "theory").rglob("*.py"))

# package: what of lbopt it may import besides itself; a new package is put in here by hand
MAY = {
    "backend": set(),
    "params": {"backend"},
    "checks": set(),
    "arguments": set(),
    "optim": {"backend", "checks", "params"},
    "ops": {"backend", "checks", "params"},
    "models": {"backend", "checks", "params", "ops"},
    "data": {"backend", "checks"},
    "train": {"backend", "checks", "params", "optim", "models", "ops", "data"},
    "observe": {"backend", "checks", "params", "optim", "models", "data", "train"},
    "conformance": {"backend", "params", "optim"},
    "fast": {"backend", "params", "optim", "ops"},
    "__main__": {
        "arguments",
        "backend",
        "params",
        "optim",
        "models",
        "ops",
        "data",
        "observe",
        "train",
        "conformance",
    },
    "__init__": {"optim", "models", "ops", "train", "data", "observe", "conformance", "fast"},
}
# packages outside lbopt, at the top of a module or in a function
ONLY_IN = {
    "numpy": {"backend", "models", "data", "train", "observe", "fast", "conformance", "__main__"},
    "array_api_compat": {"backend", "ops"},
    "cupy": {"fast"},
    "scipy": {"data", "train", "observe", "conformance"},
    "sklearn": {"data"},
    "matplotlib": {"observe"},
    "tqdm": {"train"},
}
LAZY = ("cupy", "sklearn", "scipy", "matplotlib", "tqdm", "threadpoolctl", "IPython", "sympy")
# file: frameworks whose optimizers it wraps, imported when asked for
ADAPTERS = {
    "adapters.py": {"torch"},
    "adapters_jax.py": {"jax", "optax", "keras"},
}
# they would make the reference depend on a framework, or on the theory that talks about it
NEVER = (
    "theory",
    "torch",
    "jax",
    "optax",
    "tensorflow",
    "keras",
    "sympy",
    "jupyter",
    "notebooks",
    "tests",
)


def package_of(path):
    inside = path.relative_to(ROOT / "lbopt").parts
    return inside[0].removesuffix(".py")


def imports_of(path):
    """Absolute names a file imports, and whether the import stands at module level."""
    tree = ast.parse(path.read_text())
    lazy = {
        id(node)
        for f in ast.walk(tree)
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(f)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) not in lazy
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import, line {node.lineno}"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) not in lazy
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "__import__",
            "importlib.import_module",
            "import_module",
        ):
            assert isinstance(node.args[0], ast.Constant), f"{path}: import by computed name"
            yield node.args[0].value, id(node) not in lazy


def wrong_arrows(path):
    """Imports of a file that the tables above do not allow."""
    here = package_of(path)
    for name, at_top in imports_of(path):
        head, _, rest = name.partition(".")
        part = rest.partition(".")[0]
        if head == "lbopt" and part == "__version__":
            continue
        if head == "lbopt" and part != here and part not in MAY.get(here, set()):
            yield f"{here} -> lbopt.{part}"
        wraps = here == "conformance" and head in ADAPTERS.get(path.name, ()) and not at_top
        if (head in NEVER and not wraps) or (head in ONLY_IN and here not in ONLY_IN[head]):
            yield f"{here} -> {head}"
        if at_top and head in LAZY and here != "fast":
            yield f"{here} -> {head} at module level (import it in the function that needs it)"


def test_allowed_arrows_make_no_circle():
    left = dict(MAY)
    while left:
        free = [p for p, uses in left.items() if not uses & left.keys()]
        assert free, f"a circle among {sorted(left)}"
        left = {p: uses for p, uses in left.items() if p not in free}


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_the_houses_way(path):
    assert package_of(path) in MAY, f"put {package_of(path)} into the table of allowed imports"
    assert list(wrong_arrows(path)) == []


@pytest.mark.parametrize(
    ("file", "line", "arrow"),
    [
        ("optim/x.py", "import numpy as np", "optim -> numpy"),
        ("optim/x.py", "def f():\n    import scipy.special", "optim -> scipy"),
        ("optim/x.py", "from lbopt import train", "optim -> lbopt.train"),
        ("optim/x.py", "from lbopt.ops.linear import linear", "optim -> lbopt.ops"),
        ("optim/x.py", "from lbopt.fast import lars", "optim -> lbopt.fast"),
        ("ops/x.py", "from lbopt.models import mlp", "ops -> lbopt.models"),
        ("models/x.py", "import lbopt.optim.lars", "models -> lbopt.optim"),
        ("models/x.py", "from theory import bounds", "models -> theory"),
        ("train/x.py", "import torch", "train -> torch"),
        ("train/x.py", "import tqdm", "train -> tqdm at module level"),
        ("conformance/adapters.py", "import torch", "conformance -> torch"),
        ("conformance/check.py", "def f():\n    import torch", "conformance -> torch"),
        ("backend.py", "import cupy", "backend -> cupy"),
        ("backend.py", "from lbopt.params import sub", "backend -> lbopt.params"),
        ("data/x.py", "import importlib\nimportlib.import_module('lbopt.train')", "lbopt.train"),
    ],
)
def test_a_wrong_arrow_is_seen(tmp_path, monkeypatch, file, line, arrow):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "lbopt" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line)
    assert any(arrow in found for found in wrong_arrows(path)), list(wrong_arrows(path))


# what theory/ may import besides the standard library, itself, numpy, scipy and sympy: file -> what
THEORY_ALSO = {
    "demo_optimizers.py": {"lbopt"},
    "strategies.py": {"hypothesis"},
    "z3_proofs.py": {"z3"},
    "report": {"matplotlib"},  # report*.py, lazily
}


def wrong_theory_imports(path):
    """Imports of a file of theory/ that lead out of numpy, scipy, sympy and theory itself."""
    also = set().union(
        *(what for name, what in THEORY_ALSO.items() if path.name.startswith(name)), set()
    )
    for name, at_top in imports_of(path):
        head = name.partition(".")[0]
        if head not in sys.stdlib_module_names | {"theory", "numpy", "scipy", "sympy"} | also:
            yield f"{path.name} -> {head}"
        if at_top and head == "matplotlib":
            yield f"{path.name} -> matplotlib at module level"


@pytest.mark.parametrize("path", THEORY, ids=name_of)
def test_theory_imports_lbopt_in_demonstrations_alone(path):
    assert list(wrong_theory_imports(path)) == []


@pytest.mark.parametrize(
    ("file", "line", "arrow"),
    [
        ("bounds.py", "from lbopt import optim", "bounds.py -> lbopt"),
        ("bounds.py", "def f():\n    import hypothesis", "bounds.py -> hypothesis"),
        ("lemmas/sign.py", "import z3", "sign.py -> z3"),
        ("report_figures.py", "import matplotlib.pyplot", "matplotlib at module level"),
        ("strategies.py", "import lbopt", "strategies.py -> lbopt"),
        ("demo_optimizers.py", "import torch", "demo_optimizers.py -> torch"),
    ],
)
def test_a_wrong_arrow_of_theory_is_seen(tmp_path, file, line, arrow):
    path = tmp_path / "theory" / file
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert any(arrow in found for found in wrong_theory_imports(path))


@pytest.mark.parametrize("path", FILES + THEORY, ids=name_of)
def test_no_file_is_longer_than_300_lines(path):
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize(
    "path", [p for p in FILES + THEORY if p.name == "__init__.py"], ids=name_of
)  # fmt: skip
def test_package_init_defines_nothing(path):
    body = ast.parse(path.read_text()).body
    for node in body:
        allowed = isinstance(node, ast.Import | ast.ImportFrom | ast.Assign)
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert allowed or docstring, f"line {node.lineno}: {ast.unparse(node)[:60]}"
        if isinstance(node, ast.Assign):
            assert ast.unparse(node.targets[0]) in ("__all__", "__version__")


def fresh_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_lbopt_brings_nothing_heavy():
    code = "import sys, lbopt; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = set(fresh_python(code).split())
    assert "numpy" in loaded
    heavy = {*LAZY, "torch", "jax", "pandas", "notebook", "ipykernel", "nbformat", "pytest"}
    assert loaded & heavy == set()


def test_version_is_the_one_of_the_package_metadata():
    import tomllib

    import lbopt

    meta = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert lbopt.__version__ == meta["project"]["version"]
