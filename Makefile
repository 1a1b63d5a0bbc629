# Everything a person types. `make help` lists it. venv + pip only; pip reads your own configuration.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
# Other people's LARS and LAMB; on their own, since their dependencies are not needed to replay them.
PEERS_ALONE := "torch_optimizer>=0.3" "pytorch_ranger>=0.1.1" "pytorch_optimizer>=4.1" "timm>=1.0.31" \
	"tinygrad>=0.14" "keras>=3.15" "h5py" "rich" "namex" "optree" "lightning-flash>=0.8.2" \
	"lightning-bolts>=0.7" "bitsandbytes>=0.50"
# Some machines force OpenBLAS to slower kernels than a user would get: never inherit that.
unexport OPENBLAS_CORETYPE
.DEFAULT_GOAL := help
.PHONY: help demo theory test test-deep test-peers conformance-peers test-gpu notebooks exercises docs lint bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | awk -F'\t' '{printf "  make %-17s %s\n", $$1, $$2}'

$(VENV)/.ok: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "lbopt needs Python >= 3.11; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this Python has no ensurepip; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "installing lbopt and what its tests and notebooks need into $(VENV) (about a minute) ..."
	$(BIN)/python -m pip install -q -e ".[test,notebooks]"
	@touch $@

$(VENV)/.peers: $(VENV)/.ok
	@echo "installing the peers (torch first, then jax, optax and others) ..."
	$(BIN)/python -m pip install -q "torch==2.13.0"
	$(BIN)/python -m pip install -q -e ".[test,notebooks,peers]"
	$(BIN)/python -m pip install -q --no-deps $(PEERS_ALONE)
	@touch $@

$(VENV)/.docs: $(VENV)/.ok
	@echo "installing Sphinx and what the documentation needs ..."
	$(BIN)/python -m pip install -q -e ".[docs]"
	@touch $@

$(VENV)/.browser: $(VENV)/.docs
	@echo "installing playwright, which drives the Chromium that is there ..."
	$(BIN)/python -m pip install -q -e ".[browser]"
	@touch $@

demo: $(VENV)/.ok  ## the main experiment: table, figures and a report in results/demo
	$(BIN)/python -m lbopt demo $(ARGS)

theory: $(VENV)/.ok  ## statements, slack, rates and mutants of the bounds, with figures, in results/theory
	$(BIN)/python -m theory report $(ARGS)

# One process per core, each with one BLAS thread: two threads each on two cores would wait for one another.
SIDE_BY_SIDE := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

test: $(VENV)/.ok  ## the tests (at most 5 minutes on 2 cores)
	$(SIDE_BY_SIDE) -m "not slow and not gpu and not peers" $(ARGS)

test-deep: $(VENV)/.browser  ## also the slow ones: full-size models, long runs, many random problems
	THEORY_PROFILE=deep $(SIDE_BY_SIDE) -m "not gpu and not peers" $(ARGS)

test-peers: $(VENV)/.peers  ## against other people's code: torch, jax, optax (installs them)
	LBOPT_TEST_NEEDS="torch jax optax" $(BIN)/python -m pytest -m "peers" $(ARGS)

conformance-peers: $(VENV)/.peers  ## other people's optimizers through lbopt.conformance: docs/conformance.md
	KERAS_BACKEND=torch $(BIN)/python -m tests.conformance.page $(ARGS)

test-gpu: $(VENV)/.ok  ## on a CUDA device (first: .venv/bin/pip install -e ".[cuda12]" or ".[cuda13]")
	LBOPT_TEST_NEEDS="cupy" $(BIN)/python -m pytest -m "gpu" $(ARGS)

notebooks: $(VENV)/.ok  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir=notebooks $(ARGS)

# LBOPT_DOCS_EXECUTE=1 executes the notebooks anew; else their kept outputs are shown.
docs: $(VENV)/.docs  ## the documentation as a site that needs no network, in docs/_build/html
	$(BIN)/python -m sphinx -q -n -W --keep-going -c docs -d docs/_build/doctrees $(ARGS) . docs/_build/html
	@echo "open $(CURDIR)/docs/_build/html/index.html"

exercises: $(VENV)/.ok  ## check your answers in notebooks/, or with ARGS=--exercises=FOLDER those of a class
	@$(BIN)/python -m pytest notebooks --exercises --no-header $(ARGS)

lint: $(VENV)/.ok  ## ruff format, ruff check, mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.ok  ## timings, paired with torch where it is installed (not tests)
	$(BIN)/python -m tests.bench.conv $(ARGS)
	$(BIN)/python -m tests.bench.transformer $(ARGS)
	$(BIN)/python -m tests.bench.embedding $(ARGS)
	$(BIN)/python -m tests.bench.lamb $(ARGS)

clean:  ## remove the virtual environment and results
	rm -rf $(VENV) results
