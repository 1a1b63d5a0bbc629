r"""A small proof kernel: steps are data, rules are few, a wrong constant is refused.

A `Derivation` is a list of inequalities ``lower <= upper`` between random quantities, true for
every layer i, coordinate j and step t, almost surely. Each says how it is known:

``assumption``
    one of the axioms A1-A4 (`axioms`), or what you pass to `Derivation.assume`; all are listed by
    `Derivation.assumptions`
``certified``
    ``upper - lower`` is identically a sum of terms that are visibly nonnegative (`signs`)
``lemma``
    an instance of a `Lemma`, which is itself certified case by case, or proved in words; the
    latter are listed by `Derivation.unproved`
``rule``
    one of: nonnegative combination of earlier steps, division by something positive, sum over
    layers or coordinates, expectation given the past, average over the run, telescoping, minimum
``identity``
    the same bound written with named terms (`Derivation.conclude`)

SymPy checks identities and signs. It does not know what an expectation is: `norm`, `inner`,
`mean_now` and `average` are inert letters, and only the rules move them. So what is trusted is this
package, the declared signs, the axioms and the definitions of the letters.

**How to write a derivation.** Declare the letters (`Quantity`: constant, past or fresh), assume,
and combine until the metric stands alone; the multipliers are your part, the check is the kernel's.
Gradient descent with step :math:`1/L` on one function:

>>> import sympy as sp
>>> from theory.kernel import axioms
>>> from theory.kernel.letters import COMMON, f, f_next, gap, grad
>>> L = sp.Symbol("L", positive=True)
>>> square = sp.Symbol("square", nonnegative=True)
>>> proof = Derivation(
...     "gradient descent",
...     (*COMMON, Quantity(L, "constant", "smoothness"), Quantity(square, "past", "|grad f|^2")),
... )
>>> proof.assume("A1", f_next, f - square / (2 * L), "descent of a gradient step 1/L")
>>> proof.expect("given the past", "A1")
>>> axioms.finish(proof, "given the past", average(square), 1 / (2 * L), 2 * L * gap / T)
>>> proof.step("bound").upper
2*L*gap/T

A wrong constant does not follow, and the error names the step and what is left over:

>>> proof.divide("wrong", average(square), L * gap / T, "descent over the run", 1 / (2 * L), "")
Traceback (most recent call last):
...
theory.kernel.words.ProofError: wrong: the division leaves over -L*gap/T

What the rules refuse: a negative multiplier (or of unknown sign), a divisor that may be 0,
taking something fresh out of an expectation, killing noise with a fresh coefficient, a sum over
another range, a lemma for letters with other definitions. `theory.theorems.lars` is a full
example; to extend it, add your `Quantity` records and lemmas, and reuse the chains in `axioms`.
Deterministic numbers that change from step to step are declared ``"past"``: they stay inside
`average`.

Then `values` turns the named terms of the last step into numbers, `minimise` finds the best step
size, and `show` prints all of it.
"""

from theory.kernel.calculus import Minimum, minimise
from theory.kernel.derivation import Derivation
from theory.kernel.evaluate import value, values
from theory.kernel.lemma import Lemma
from theory.kernel.show import derivation_latex, derivation_markdown, latex
from theory.kernel.signs import Certificate
from theory.kernel.step import Step
from theory.kernel.words import (
    ProofError,
    Quantity,
    T,
    average,
    d,
    h,
    i,
    inner,
    j,
    mean_now,
    norm,
    over_coordinates,
    over_layers,
)

__all__ = [
    "Certificate",
    "Derivation",
    "Lemma",
    "Minimum",
    "ProofError",
    "Quantity",
    "Step",
    "T",
    "average",
    "d",
    "derivation_latex",
    "derivation_markdown",
    "h",
    "i",
    "inner",
    "j",
    "latex",
    "mean_now",
    "minimise",
    "norm",
    "over_coordinates",
    "over_layers",
    "value",
    "values",
]
