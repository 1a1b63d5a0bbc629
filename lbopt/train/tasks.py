"""What an experiment can be about: tasks (data and model) and optimizer recipes, by name.

Two plain dicts of small functions. To add a task or a recipe, add an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np

from lbopt import models, optim
from lbopt.data import Digits, Split, character_windows, characters, corpus, digits, held_out_tail
from lbopt.data.digits import TRAIN
from lbopt.models import Model
from lbopt.optim.checks import Schedule
from lbopt.params import Params
from lbopt.train import masked_text


class Stage(NamedTuple):
    """What a run of some tasks ends with: other examples, in smaller batches."""

    data: Callable[[], Split]
    examples: int  # how many, known without loading
    smaller: int  # how many times smaller its batches are

    def batch_size(self, first: int) -> int:
        """Return the batch size of this stage from that of the first, at most all examples."""
        return max(1, min(self.examples, first // self.smaller))


class Task(NamedTuple):
    """A model on data, before any training."""

    about: str  # one line, for `list` and reports
    model: Callable[[], Model]
    init: Callable[[Model, np.random.Generator], Params]
    data: Callable[[], Digits]
    examples: int  # len(data().train.x), known without loading
    metric: str = "accuracy"  # what it is judged by: "accuracy" or "loss"
    second: Stage | None = None  # as many epochs of this follow; None: there is one stage


class Recipe(NamedTuple):
    """An optimizer with everything fixed but the learning rate."""

    about: str
    optimizer: Callable[[float | Schedule], optim.Link]


# --- tasks ------------------------------------------------------------------------------------


@cache
def the_digits() -> Digits:
    """Load the digits once per process; nobody writes into them."""
    return digits()


WINDOWS = 65536  # places of the text to train on; 8192 more for validation, and for the test
ALPHABET = 64


@cache
def the_characters() -> Digits:
    """Hide letters of the Python reference: x the 4 before and the 4 after, y the letter.

    The text's last 8 % are held out: their first half for validation, their second for the test.
    """
    learn, tail = held_out_tail(corpus().text)
    alphabet = characters(learn, ALPHABET)
    parts = learn, tail[: len(tail) // 2], tail[len(tail) // 2 :]
    rng = np.random.default_rng(1234)
    return Digits(
        *(
            character_windows(alphabet.encode(part), n, rng)
            for part, n in zip(parts, (WINDOWS, 8192, 8192), strict=True)
        )
    )


def as_drawn(model: Model, rng: np.random.Generator) -> Params:
    """Initialise as the model says."""
    return model.init(rng)


def plain_alexnet() -> Model:
    """Make the small AlexNet without LRN, whose window of 5 spans most of its 8 or 16 channels."""
    return models.alexnet(lrn=False)


def rescaled(model: Model, rng: np.random.Generator) -> Params:
    """Initialise as the model says, then `rescale` by the square root of 10."""
    return rescale(model.init(rng), sqrt(10))


def rescale(params: Params, factor: float) -> Params:
    r"""Multiply the weights of layers 0, 2, 4, ... of an mlp and divide those of 1, 3, ... .

    The function stays the same: relu(c z) = c relu(z) for c > 0, so that with
    :math:`W_i' = s_i W_i` and :math:`b_i' = s_0 \cdots s_i b_i` every pre-activation is multiplied
    by :math:`s_0 \cdots s_i`, which is 1 at the end of an even number of layers. But
    :math:`\|w\|/\|g\|` moves by :math:`s_i^2`: by ``factor**4`` from one layer to the next,
    which a layerwise rule hardly notices (only the biases do, which are not adapted) and one
    global rate cannot follow.

    Parameters
    ----------
    params : dict
        Of `models.mlp` with an even number of layers: W, b, W, b, ...
    factor : float
        :math:`s_i` is ``factor`` for even i, ``1 / factor`` for odd i.

    Examples
    --------
    >>> one = np.ones(())
    >>> params = {"layer0.W": one, "layer0.b": one, "layer1.W": one, "layer1.b": one}
    >>> {name: float(a) for name, a in rescale(params, 4.0).items()}
    {'layer0.W': 4.0, 'layer0.b': 4.0, 'layer1.W': 0.25, 'layer1.b': 1.0}
    """
    layers = [name.removesuffix(".W") for name in params if name.endswith(".W")]
    if len(layers) % 2 or params.keys() != {f"{i}.{kind}" for i in layers for kind in "Wb"}:
        raise ValueError(f"rescale needs an mlp with an even number of layers, got {list(params)}")
    new, so_far = {}, 1.0
    for i, layer in enumerate(layers):
        scale = factor if i % 2 == 0 else 1 / factor
        so_far *= scale
        new[f"{layer}.W"] = params[f"{layer}.W"] * scale
        new[f"{layer}.b"] = params[f"{layer}.b"] * so_far
    return new


TASKS: dict[str, Task] = {
    "mlp": Task(
        "digits, 8 linear layers of 64, He, no normalisation",
        models.mlp,
        as_drawn,
        the_digits,
        TRAIN,
    ),
    "mlp_rescaled": Task(
        "the same function as mlp at the start, layers scaled by sqrt(10) and 1/sqrt(10) in turn",
        models.mlp,
        rescaled,
        the_digits,
        TRAIN,
    ),
    "alexnet": Task(
        "digits, small AlexNet without normalisation (neither LRN nor BatchNorm)",
        plain_alexnet,
        as_drawn,
        the_digits,
        TRAIN,
    ),
    "alexnet_bn": Task(
        "digits, small AlexNet with BatchNorm", models.alexnet_bn, as_drawn, the_digits, TRAIN
    ),
    "characters": Task(
        "the hidden letter between 4 + 4 others, embedding and 5 hidden layers of 96",
        models.char_mlp,
        as_drawn,
        the_characters,
        WINDOWS,
        metric="loss",
    ),
    "bert": Task(
        "hidden characters, BERT of 2 blocks of 64, sequences of 16, then 32 (3 epochs do)",
        masked_text.mini_bert,
        as_drawn,
        masked_text.the_short_sequences,
        masked_text.SHORT_EXAMPLES,
        metric="loss",
        second=Stage(
            masked_text.the_long_sequences,
            masked_text.LONG_EXAMPLES,
            masked_text.LONG // masked_text.SHORT,  # as many characters in a batch
        ),
    ),
    "resnet": Task(
        "digits, small ResNet (with BatchNorm)", models.resnet, as_drawn, the_digits, TRAIN
    ),
}


# --- optimizers -------------------------------------------------------------------------------

# The settings common to all: only matrices and kernels are decayed and adapted; biases and norm
# parameters take plain (momentum) steps with the same learning rate.
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
TRUST_COEFFICIENT = 0.1
weights_only = optim.masks.weights_only


def sgd(learning_rate: float | Schedule) -> optim.Link:
    """Heavy-ball momentum."""
    return optim.sgd(
        learning_rate, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, decay_mask=weights_only
    )


def nesterov(learning_rate: float | Schedule) -> optim.Link:
    """Nesterov's momentum."""
    return optim.sgd(
        learning_rate,
        momentum=MOMENTUM,
        nesterov=True,
        weight_decay=WEIGHT_DECAY,
        decay_mask=weights_only,
    )


def nesterov_clip(learning_rate: float | Schedule) -> optim.Link:
    """Nesterov's momentum after clipping the gradient's global norm to 1."""
    return optim.chain(optim.clip_by_global_norm(1.0), nesterov(learning_rate))


def lars(learning_rate: float | Schedule) -> optim.Link:
    """LARS as published in 2017, Algorithm 1."""
    return optim.lars(
        learning_rate,
        momentum=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
        trust_coefficient=TRUST_COEFFICIENT,
        decay_mask=weights_only,
        adapt_mask=weights_only,
    )


def lars_global(learning_rate: float | Schedule) -> optim.Link:
    """LARS with one trust ratio for the whole network, the ablation."""
    return optim.lars_one_global_ratio(
        learning_rate,
        momentum=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
        trust_coefficient=TRUST_COEFFICIENT,
        decay_mask=weights_only,
        adapt_mask=weights_only,
    )


def lars_2020(learning_rate: float | Schedule) -> optim.Link:
    """LARS as the LAMB paper has it."""
    return optim.lars_2020(
        learning_rate,
        b1=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
        decay_mask=weights_only,
        adapt_mask=weights_only,
    )


def adamw(learning_rate: float | Schedule) -> optim.Link:
    """AdamW with its usual betas and decay."""
    return optim.adamw(learning_rate, eps=1e-6, weight_decay=0.01, decay_mask=weights_only)


def adamw_clip(learning_rate: float | Schedule) -> optim.Link:
    """AdamW after clipping the gradient's global norm to 1."""
    return optim.chain(optim.clip_by_global_norm(1.0), adamw(learning_rate))


def lamb(learning_rate: float | Schedule) -> optim.Link:
    """LAMB, Algorithm 2 of its paper."""
    return optim.lamb(
        learning_rate, weight_decay=0.01, decay_mask=weights_only, adapt_mask=weights_only
    )


def lamb_slow_biases(learning_rate: float | Schedule) -> optim.Link:
    """LAMB, but what is not adapted, and so sees the raw learning rate, gets a tenth of it."""
    return optim.chain(
        lamb(learning_rate),
        optim.masked(optim.scale(0.1), optim.masks.negate(weights_only)),
    )


RECIPES: dict[str, Recipe] = {
    "sgd": Recipe("SGD, momentum 0.9", sgd),
    "nesterov": Recipe("SGD, Nesterov momentum 0.9", nesterov),
    "nesterov_clip": Recipe("Nesterov, gradient clipped to global norm 1", nesterov_clip),
    "lars": Recipe("LARS (2017)", lars),
    "lars_global": Recipe("LARS with one global ratio", lars_global),
    "lars_2020": Recipe("LARS as in the LAMB paper", lars_2020),
    "adamw": Recipe("AdamW", adamw),
    "adamw_clip": Recipe("AdamW, gradient clipped to global norm 1", adamw_clip),
    "lamb": Recipe("LAMB", lamb),
    "lamb_slow_biases": Recipe("LAMB, biases at a tenth of the rate", lamb_slow_biases),
}


def check_name(kind: str, name: object, table: dict) -> None:
    """Refuse a name that is not in ``table``, naming those that are."""
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}; there are {', '.join(table)}")
