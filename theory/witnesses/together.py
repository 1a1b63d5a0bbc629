r"""One witness per theorem in which no constant is 1 and no two are equal.

The run is deterministic and short; the constants claim noise that is not there, which is a valid
(and loose) instance. The ratio is far below 1 and proves nothing about tightness: it is here
because every argument of the bound moves it.
"""

from __future__ import annotations

from typing import Any

from theory.constants import Constants, make_constants
from theory.witnesses.lars import clip
from theory.witnesses.runs import on_huber
from theory.witnesses.witness import Witness

SMOOTHNESS = (4.0, 1.0, 0.25)
START = ((1.5,), (0.5, -2.0), (3.0, 0.25, -1.0))
SLOPE = 1.25
COORDINATE_SIGMA = ((0.7,), (0.3, 1.1), (2.0, 0.2, 0.9))


def _constants() -> Constants:
    gap = 0.0
    for L, row in zip(SMOOTHNESS, START, strict=True):
        edge = SLOPE / L
        for x in map(abs, row):
            gap += L * x * x / 2 if x < edge else SLOPE * (x - edge / 2)
    return make_constants(
        gap,
        SMOOTHNESS,
        sigma=(0.75, 1.2, 2.5),  # upper bounds: not the root of the sum of squares
        coordinate_sigma=COORDINATE_SIGMA,
        gradient_bound=3.5,
    )


def _witness(
    theorem: str,
    term: str,
    arguments: dict[str, Any],
    options: dict[str, Any],
    known: tuple[float, float | None],
) -> Witness:
    at = "" if "step_size" in arguments else ", best step"
    return Witness(
        f"{theorem} together{at}",
        theorem,
        term,
        _constants(),
        {"steps": 10, "batch_size": 7} | arguments,
        on_huber(SMOOTHNESS, START, options, slope=SLOPE),
        *known,
    )


PHI = (0.5, 2.0)

TOGETHER: tuple[Witness, ...] = (
    _witness("sgd", "start", {"step_size": 0.3}, {}, (0.38348017, 0.284355983)),
    _witness(
        "lars",
        "start",
        {"step_size": 0.15, "phi": PHI, "eps": 0.2},
        {"phi": clip(*PHI), "eps": 0.2},
        (0.152269663, 0.111906649),
    ),
    _witness("lars", "start", {"phi": PHI}, {"phi": clip(*PHI)}, (0.139493747, 0.0976308101)),
    _witness(
        "lamb_sign",
        "start",
        {"step_size": 0.15, "phi": PHI},
        {"phi": clip(*PHI)},
        (0.168962675, 0.0989475398),
    ),
    _witness("lamb_sign", "start", {"phi": PHI}, {"phi": clip(*PHI)}, (0.14898671, 0.0858422882)),
    _witness(
        "lamb_robust",
        "start",
        {"step_size": 0.15, "phi": PHI},
        {"phi": clip(*PHI), "eps": 0.2},
        (0.144863294, None),
    ),
    _witness(
        "lamb",
        "start",
        {"step_size": 0.15, "phi": PHI, "beta2": 0.8, "eps": 0.2},
        {"phi": clip(*PHI), "beta2": 0.8, "eps": 0.2},
        (0.0149574505, 0.0115758234),
    ),
    _witness(
        "lamb",
        "start",
        {"phi": PHI, "beta2": 0.8},
        {"phi": clip(*PHI), "beta2": 0.8},
        (0.0128297526, 0.00983216966),
    ),
)
