"""Hold an optimizer against the laws of what it claims to be."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lbopt.conformance.contract import ContractError, HiddenError, NotOfferedError, declared
from lbopt.conformance.formulas import CLAIMS, Claim
from lbopt.conformance.lab import Lab, Measurement
from lbopt.conformance.law import FULL, GRADS, RATE, Law, W, usual
from lbopt.conformance.laws import laws_of
from lbopt.conformance.report import Report, Row
from lbopt.conformance.wrap import as_factory

FAR = 2.0**31  # times a tolerance of float64: beyond float32's, too, which is 2^29 times as large
VERDICT = {"law": "broken", "choice": "differs", "range": "limit"}


def check(
    make: Callable[..., Any],
    claims: str = "lamb",
    *,
    dtype: str | None = None,
    strict: bool = False,
    explain: bool = True,
) -> Report:
    """Try every law of ``claims`` on an optimizer, and say what each broken one means.

    Parameters
    ----------
    make : function
        ``make(lr, **hyperparameters) -> (init, step)``, see `lbopt.conformance.contract.Optimizer`;
        hyperparameters by their lbopt names (lamb, adamw: b1, b2, eps, weight_decay; lars:
        momentum, weight_decay, trust_coefficient; lars_2020: b1, weight_decay; sgd: momentum,
        weight_decay). One that the factory does not have it refuses by a TypeError; laws that turn
        on it are then reported, not failed. `from_torch`, `from_optax`, `from_keras` and
        `from_lbopt` make such factories; a class or function that they need no help with may be
        given as it is.
    claims : "lamb", "lars", "lars_2020", "adamw" or "sgd"
    dtype : "float64" or "float32", optional
        Of the arrays; default float64, or float32 where that is refused. Tolerances follow from the
        arithmetic that is found, and are reported.
    strict : bool
        Count as failures, too, what papers leave open (zero rules) and numbers beyond the usual
        (half precision, overflowing squares, empty arrays).
    explain : bool
        Where a law is broken, probe what the optimizer does instead (`identify`'s knobs).

    Returns
    -------
    Report
        ``.passed``, ``.failures`` (names of laws), ``.rows``; prints as a table.

    Raises
    ------
    ValueError, TypeError
        Unknown claim or dtype, ``make`` not callable, or neither ``make(0.1)`` works nor the
        hyperparameters that the laws start from.

    Examples
    --------
    Ten lines make an adapter of any optimizer; this one forgets half of LAMB:

    >>> import numpy as np
    >>> from lbopt import conformance
    >>> def make(lr, b1=0.9):
    ...     m = {}
    ...     def init(params):
    ...         m.update({k: np.zeros_like(w) for k, w in params.items()})
    ...     def step(params, grads):
    ...         for k, g in grads.items():
    ...             m[k] = b1 * m[k] + (1 - b1) * g
    ...         return {k: w - lr * m[k] for k, w in params.items()}
    ...     return init, step
    >>> report = conformance.check(make, claims="lars_2020")
    >>> report.passed, "step_length_is_lr_times_weights" in report.failures
    (False, True)
    """
    lab = prepare(make, claims, dtype)
    start = time.perf_counter()
    rows = []
    for law in laws_of(claims):
        rows.append(judge(law, lab, strict))
        if law.name == "contract" and rows[-1].verdict == "broken":
            break  # nothing else can be tried
    if not any(row.verdict == "broken" for row in rows):  # what hides must not let it pass
        hidden = {law.name for law in laws_of(claims) if law.kind == "law" or strict}
        rows = [
            row._replace(verdict="broken") if row.verdict == "hidden" and row.law in hidden else row
            for row in rows
        ]
    knobs: tuple[str, ...] = ()
    failed = any(row.verdict == "broken" for row in rows)
    if explain and failed and rows[0].verdict != "broken":
        from lbopt.conformance.identify import knobs_of

        knobs = knobs_of(lab)
    refused = tuple(n for n in lab.claim.needs if n not in lab.offers)
    return Report(
        CLAIMS[claims].about, tuple(rows), knobs, refused, lab.dtype, lab.arithmetic,
        time.perf_counter() - start,
    )  # fmt: skip


def prepare(make: Callable[..., Any], claims: str, dtype: str | None = None) -> Lab:
    """Check the arguments; find out what the factory takes and in which precision it computes."""
    if claims not in CLAIMS:
        raise ValueError(f"unknown claim {claims!r}; known: {', '.join(CLAIMS)}")
    if dtype not in (None, "float64", "float32"):
        raise ValueError(f"dtype={dtype!r} must be 'float64', 'float32' or None")
    make = as_factory(make)
    claim = CLAIMS[claims]
    try:
        make(0.1)
    except Exception as e:
        try:
            has = declared(make)  # some hyperparameters may have no default
            make(0.1, **{k: v for k, v in FULL[claims].items() if k in has})
        except Exception:
            raise ValueError(
                f"make(0.1) raised {type(e).__name__}: {e}; a factory has to build from the "
                "learning rate alone: give other arguments defaults, or wrap it in a function"
            ) from e
    declares = declared(make) & set(claim.options)
    offers = frozenset({n for n in claim.needs if takes(make, claim, n)} | declares)
    lab = Lab(make, claim, offers, declares, dtype or "float64", dtype or "float64")
    try:
        make(RATE, **{k: v for k, v in usual(lab).items() if k in offers})
    except Exception as e:  # or every law would be "not offered", which looks like a pass
        said = ", ".join(f"{k}={v:.3g}" for k, v in usual(lab).items() if k in offers)
        raise ValueError(
            f"no law can be tried, as make({RATE}, {said}) raised {type(e).__name__}: {e}; the "
            "laws need values far from the defaults (a hyperparameter that a factory does not "
            "have it refuses by a TypeError)"
        ) from e
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if dtype is None and not runs(lab) and runs(replace(lab, dtype="float32")):
            lab = replace(lab, dtype="float32", arithmetic="float32")
        if lab.arithmetic == "float64" and is_narrow(lab):
            lab = replace(lab, arithmetic="float32")
    return lab


def takes(make: Callable[..., Any], claim: Claim, name: str) -> bool:
    """Whether the factory has a hyperparameter; one it has may refuse a value, by a ValueError."""
    value = FULL[claim.name].get(name, claim.needs[name])
    if name in declared(make):
        return True
    try:
        make(0.1, **{name: value})
    except TypeError:
        return False
    except Exception:
        return True
    return True


def runs(lab: Lab) -> bool:
    """Whether two steps go through."""
    try:
        lab.run(lab.hyper(), W, GRADS[:2], RATE)
    except Exception:
        return False
    return True


def is_narrow(lab: Lab) -> bool:
    """Whether float64 weights come back with float32's numbers."""
    try:
        path = lab.run(lab.hyper(), W, GRADS[:2], RATE)
    except Exception:
        return False
    return all(np.array_equal(a, a.astype(np.float32), equal_nan=True) for a in path[-1].values())


def judge(law: Law, lab: Lab, strict: bool = False) -> Row:
    """Try one law."""
    lab.assumed.clear()
    lab.guessed.clear()
    note = ""
    try:
        m, hidden = seen(law, lab)
        if m.broken and lab.arithmetic == "float64" and m.measured <= FAR * m.tolerance:
            narrow = replace(lab, arithmetic="float32", assumed=set(), guessed=set())
            single, still = seen(law, narrow)
            if not single.broken:
                m, hidden, note = single, still, "to float32 precision only"
        if hidden is not None:
            raise hidden
    except NotOfferedError as e:
        return Row(law.name, "not offered", float("nan"), float("nan"), law.failure, str(e))
    except HiddenError as e:
        verdict = "unclear" if lab.guessed else "hidden"
        return Row(law.name, verdict, e.measured, e.tolerance, law.failure, str(e))
    if not m.broken:
        return Row(law.name, "kept", m.measured, m.tolerance, law.failure, note)
    verdict = VERDICT["law" if strict else law.kind]
    detail = m.detail
    if lab.guessed:
        verdict = "unclear"
        values = ", ".join(f"{k} = {lab.claim.needs[k]:g}" for k in sorted(lab.guessed))
        detail = f"if {values} (the factory does not say) {detail}".strip()
    return Row(law.name, verdict, m.measured, m.tolerance, law.failure, detail)


def seen(law: Law, lab: Lab) -> tuple[Measurement, HiddenError | None]:
    """Run a law, which may find that what it is about is hidden."""
    try:
        return measure(law, lab), None
    except HiddenError as e:
        return Measurement(e.measured, e.tolerance), e


def measure(law: Law, lab: Lab) -> Measurement:
    """Run a law; what the optimizer raises is a failure of the law, with its message."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return law.run(lab)
    except (NotOfferedError, HiddenError):
        raise
    except ContractError as e:
        return Measurement(float("inf"), 0.0, str(e))
    except Exception as e:
        text = " ".join(str(e).split())[:160]
        return Measurement(float("inf"), 0.0, f"it raised {type(e).__name__}: {text}")
