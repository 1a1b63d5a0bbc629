"""Ten exhibits of lbopt's museum behind letters, in an order that gives nothing away.

Do not read on before you have guessed.
"""

from __future__ import annotations

from lbopt.conformance import museum

_ORDER = {
    "A": "clips_by_default",
    "B": "decay_before_adam",
    "C": "one_global_ratio",
    "D": "eps_inside_the_root",
    "E": "decay_ignored",
    "F": "gradient_overwritten",
    "G": "bias_correction_outside_the_ratio",
    "H": "no_decay_no_ratio",
    "I": "zero_weights_frozen",
    "J": "clamped_at_ten",
}
_LAMBS = {e.name: e for e in museum.EXHIBITS if e.claim == "lamb"}
ROOMS = {letter: _LAMBS[name] for letter, name in _ORDER.items()}
