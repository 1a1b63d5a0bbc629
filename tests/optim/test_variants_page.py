"""docs/variants.md is the generated page, and what it says in words is so in numbers."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from lbopt.observe import variants_page
from lbopt.optim import variants
from lbopt.optim.masks import weights_only
from lbopt.optim.variants.facts import LAMB, LARS
from tests.optim.backends import trajectory
from tests.optim.problems import agree, differ, error, gradients, weights
from tests.optim.test_variants import OURS, SCHEDULE, keywords

FACTS = LAMB | LARS
PAGE = Path(__file__).parents[2] / "docs" / "variants.md"


def test_the_committed_page_is_the_generated_one():
    assert PAGE.read_text() == variants_page.page(), (
        "write it again: python -m lbopt.observe.variants_page > docs/variants.md"
    )


def test_the_page_has_every_variant_with_every_keyword():
    text = PAGE.read_text()
    assert list(FACTS) == list(variants.names())
    for name in FACTS:
        assert f"| `{name}` |" in text
        (line,) = [x for x in text.splitlines() if x.startswith(f"**`{name}`**")]
        for keyword, default in keywords(name).items():
            if keyword not in OURS:
                assert re.search(rf"\b{keyword}\b", line), keyword
                assert default is None or repr(default) in line or keyword == "momentum"


GAMMA, DECAY, ETA = 0.5, 0.125, 0.02
SHRINKS = {"L": 1.0, "K": DECAY, "A": DECAY, "D": 0.0, "N": ETA, "Z": ETA, "P": 1.0}


@pytest.mark.parametrize("name", [n for n in FACTS if n != "bitsandbytes_lars"])
def test_zero_rule_is_the_letter_of_the_page(name):
    # one step of a layer with zero gradient: w shrinks by gamma times the number above
    known = keywords(name)
    kw = {k: v for k, v in variants_page.settings(name, nearest=False).items() if k in known}
    kw |= {k: DECAY for k in kw if "decay" in k or k == "wd"}
    kw |= {k: ETA for k in kw if k in ("trust_coefficient", "trust_coeff", "eeta", "eta")}
    kw |= {k: v for k, v in {"clip": False, "debias": False, "adam_debias": True}.items()
           if k in known}  # fmt: skip
    if name == "deepspeed_fused_lamb":
        kw["bias_correction"] = False
    w = {"W": np.array([[3.0, -4.0], [1.0, 2.0]])}
    opt = variants.make(name, GAMMA, **kw)
    u, _ = opt.update({"W": 0 * w["W"]}, opt.init(w), w)
    want = {"W": -GAMMA * SHRINKS[FACTS[name].zero[0]] * w["W"]}
    agree({"W": u["W"] + 0.0}, {"W": want["W"] + 0.0}, 1e-4)


@pytest.mark.parametrize("name", FACTS)
def test_zero_weights_move_but_in_bitsandbytes(name):
    w, g = {"W": np.zeros((2, 2))}, {"W": np.ones((2, 2))}
    opt = variants.make(name, 0.5, **variants_page.settings(name, nearest=False))
    u, _ = opt.update(g, opt.init(w), w)
    assert np.all(u["W"] == 0) == ("never moves" in FACTS[name].zero)


# at matched settings these are one algorithm; every other pair of a family differs
SAME = [
    {"optax_lamb", "tfmodels_lamb", "tinygrad_lamb", "mxnet_lamb", "flash_lamb"},
    {"timm_lamb", "apex_fused_lamb"},
    {"torch_optimizer_lamb", "cybertronai_lamb"},
    {"optax_lars", "tfmodels_lars"},
    {"flash_lars", "bolts_lars", "torch_optimizer_lars"},
]
# their float32 numbers apart
ROUNDED = {"tfmodels_lamb": 1e-6, "mxnet_lamb": 1e-6, "tinygrad_lamb": 2e-5, "tfmodels_lars": 1e-6}
PROBES = ({}, {"decay_mask": weights_only})


def run(name):
    w, grads = weights(), gradients(6)
    kw = variants_page.settings(name, nearest=False)
    return [
        trajectory(variants.make(name, SCHEDULE, **kw, **masks), w, grads)[-1] for masks in PROBES
    ]


@pytest.mark.parametrize("family", [LAMB, LARS], ids=["lamb", "lars"])
def test_variants_are_equal_and_different_as_the_page_says(family):
    ends = {name: run(name) for name in family}
    for a, b in combinations(family, 2):
        gaps = [error(x, y) for x, y in zip(ends[a], ends[b], strict=True)]
        if any({a, b} <= group for group in SAME):
            limit = max(ROUNDED.get(name, 1e-12) for name in (a, b))
            assert max(gaps) < limit, f"{a} and {b} differ by {max(gaps):.1e}"
            assert FACTS[a].zero[0] == FACTS[b].zero[0]
        else:
            assert max(gaps) > 1e-9, f"{a} and {b} do not differ"


@pytest.mark.parametrize("name", [n for n, f in FACTS.items() if f.nearest])
def test_nearest_settings_come_nearer_to_the_paper_in_some_layer(name):
    usual, near = (variants_page.distances(name, nearest) for nearest in (False, True))
    gap = {k: np.asarray(v) for k, v in usual.items()}
    if name not in ("paddle_lamb", "timm_lars"):  # always_adapt matters to undecayed layers alone
        differ(gap, {k: np.asarray(v) for k, v in near.items()}, 1e-9)
        assert any(near[k] < usual[k] for k in usual)


def test_distance_of_the_papers_own_form_is_zero():
    for name in ("optax_lamb", "tfmodels_lamb", "flash_lamb", "mxnet_lamb", "tinygrad_lamb"):
        assert max(variants_page.distances(name).values()) < ROUNDED.get(name, 1e-12)
    for name in ("timm_lamb", "apex_fused_lamb"):
        assert max(variants_page.distances(name, nearest=True).values()) < 1e-12
