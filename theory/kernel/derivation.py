r"""A derivation: inequalities in order, each known by a named reason; the rules between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import sympy as sp

from theory.kernel.expectation import kind_of, take_average, take_mean_now
from theory.kernel.lemma import Lemma, instance, spelled
from theory.kernel.normal import is_zero
from theory.kernel.rules import check_combination, check_division, check_telescope
from theory.kernel.signs import Certificate, check_certificate
from theory.kernel.step import EVERYWHERE, RELATIONS, Step, check_quantities
from theory.kernel.words import (
    CONSTANT,
    FRESH,
    RANGES,
    ProofError,
    Quantity,
    T,
    average,
    i,
    j,
    letters,
    mean_now,
)


class Derivation:
    """Steps are added by the methods below and by nothing else; each checks what it is given.

    A method that refuses raises `ProofError` with the name of the step. See the package's
    docstring for how to write a derivation.
    """

    def __init__(self, title: str, quantities: Iterable[Quantity]) -> None:
        self.title = title
        self.quantities = (*EVERYWHERE, *quantities)
        self._kinds = {q.letter: q.known for q in self.quantities}
        self._definitions = {q.letter: q.definition for q in self.quantities if q.definition}
        self._steps: dict[str, Step] = {}
        self._noises: dict[sp.Expr, str] = {}
        self.lemmas: dict[str, Lemma] = {}
        self.terms: dict[str, sp.Expr] = {}
        self.abbreviations: dict[sp.Symbol, sp.Expr] = {}
        check_quantities(title, self.quantities)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return tuple(self._steps.values())

    def step(self, name: str) -> Step:
        """The step of that name."""
        if name not in self._steps:
            raise ProofError(f"{self.title}: no step {name!r} so far")
        return self._steps[name]

    def residual(self, name: str) -> sp.Expr:
        """``upper - lower`` of a step: what is nonnegative."""
        return self.step(name).residual

    # ---- where inequalities come from

    def assume(
        self, name: str, lower: sp.Expr, upper: sp.Expr, why: str, *, relation: str = "<="
    ) -> None:
        """State a hypothesis. Everything assumed is listed by `assumptions`."""
        self._add(Step(name, lower, upper, relation, "assumption", why))

    def assume_unbiased(self, name: str, noise: sp.Expr, why: str) -> None:
        """Assume that a noise, per layer or coordinate, has conditional mean zero."""
        if self._kinds.get(noise) != FRESH:
            raise ProofError(f"{name}: {noise} is not declared as fresh")
        self.assume(name, mean_now(noise[i]), sp.Integer(0), why, relation="=")
        self._noises[noise] = name

    def lemma(
        self,
        name: str,
        lemma: Lemma,
        roles: Mapping[sp.Expr, sp.Expr],
        *,
        given: Sequence[str] = (),
    ) -> None:
        """Use a lemma for this derivation's letters (``roles``: its letter -> ours).

        ``given`` are the steps that are its hypotheses, in its order.
        """
        lower, upper = instance(name, lemma, roles, self._definitions)
        if len(given) != len(lemma.hypotheses):
            raise ProofError(f"{name}: {lemma.name} has {len(lemma.hypotheses)} hypotheses")
        for used, (low, high) in zip(given, lemma.hypotheses, strict=True):
            wanted = spelled(high, roles) - spelled(low, roles)
            if not is_zero(self.residual(used) - wanted, self._definitions):
                raise ProofError(f"{name}: {used!r} is not the hypothesis {wanted} >= 0")
        self._add(Step(name, lower, upper, "<=", "lemma", lemma.name, tuple(given)))
        for used_lemma in lemma.family():
            self.lemmas[used_lemma.name] = used_lemma

    def certify(
        self,
        name: str,
        lower: sp.Expr,
        upper: sp.Expr,
        terms: Sequence[sp.Expr],
        why: str,
        *,
        given: Sequence[str] = (),
    ) -> None:
        """``upper - lower`` is a sum of terms whose factors are nonnegative, or given steps."""
        certificate = Certificate("", {}, tuple(terms), tuple(self.residual(s) for s in given))
        residual = sp.sympify(upper) - sp.sympify(lower)
        check_certificate(name, residual, certificate, self._definitions)
        self._add(Step(name, lower, upper, "<=", "certified", why, tuple(given)))

    # ---- rules

    def combine(
        self,
        name: str,
        lower: sp.Expr,
        upper: sp.Expr,
        using: Mapping[str, sp.Expr],
        why: str,
        *,
        given: Sequence[str] = (),
    ) -> None:
        """``upper - lower`` is a combination of earlier residuals with nonnegative multipliers.

        ``using`` maps steps to multipliers. A multiplier's factors must be nonnegative by their
        declared signs, or residuals of the steps ``given``. An equality takes any multiplier.
        """
        parts = [(self.step(used), sp.sympify(m)) for used, m in using.items()]
        premises = [self.residual(used) for used in given]
        target = sp.sympify(upper) - sp.sympify(lower)
        check_combination(name, target, parts, premises, self._definitions)
        self._add(Step(name, lower, upper, "<=", "rule", why, (*using, *given)))

    def divide(
        self,
        name: str,
        lower: sp.Expr,
        upper: sp.Expr,
        step: str,
        by: sp.Expr,
        why: str,
        *,
        given: Sequence[str] = (),
    ) -> None:
        """Divide a step by something positive: by its letters, or by the strict steps ``given``."""
        strict = [self.step(used) for used in given]
        target = sp.sympify(upper) - sp.sympify(lower)
        check_division(name, target, self.step(step), by, strict, self._definitions)
        self._add(Step(name, lower, upper, "<=", "rule", why, (step, *given)))

    def sum_layers(self, name: str, step: str) -> None:
        """Add a step up over i = 1, ..., h."""
        if j in self.residual(step).free_symbols:
            raise ProofError(f"{name}: {step!r} is about a coordinate; sum over coordinates first")
        self._sum(name, step, i, "sum over the layers")

    def sum_coordinates(self, name: str, step: str) -> None:
        """Add a step up over j = 1, ..., d_i."""
        self._sum(name, step, j, "sum over the coordinates of a layer")

    def _sum(self, name: str, step: str, index: sp.Symbol, why: str) -> None:
        old = self.step(step)
        lower, upper = (sp.Sum(side, (index, *RANGES[index])) for side in (old.lower, old.upper))
        self._add(Step(name, lower, upper, _weak(old), "rule", why, (step,)))

    def expect(self, name: str, step: str) -> None:
        """Take the expectation given the past on both sides."""
        noises = frozenset(self._noises)
        why = "expectation given the past; known factors come out, noise of mean zero vanishes"
        uses = (step, *self._noises.values())
        self._take(name, step, why, uses, lambda e: take_mean_now(e, self._kinds, noises))

    def average(self, name: str, step: str) -> None:
        """Take the full expectation and the average over t = 1, ..., T on both sides."""
        why = "expectation, and average over the steps"
        self._take(name, step, why, (step,), lambda e: take_average(e, self._kinds))

    def _take(
        self,
        name: str,
        step: str,
        why: str,
        uses: tuple[str, ...],
        mean: Callable[[sp.Expr], sp.Expr],
    ) -> None:
        old = self.step(step)
        try:
            lower, upper = mean(old.lower), mean(old.upper)
        except ProofError as error:
            raise ProofError(f"{name}: {error}") from None
        self._add(Step(name, lower, upper, _weak(old), "rule", why, uses))

    def telescope(
        self,
        name: str,
        value: sp.Expr,
        following: sp.Expr,
        gap: sp.Expr,
        *,
        first: int = 1,
        last: sp.Expr = T,
    ) -> None:
        r""":math:`\frac1T\sum_{t=1}^T E[F_t - F_{t+1}] = E[F_1 - F_{T+1}]/T \le gap/T`.

        ``following`` must be defined as ``("next", value)`` and ``gap`` as ``("gap", value)``,
        that is :math:`F_1` minus a lower bound of all :math:`F_t`.
        """
        meanings = {following: ("next", value), gap: ("gap", value)}
        check_telescope(name, meanings, self._definitions, first, last)
        if kind_of(gap, self._kinds) != CONSTANT:
            raise ProofError(f"{name}: {gap} is not a constant")
        self._add(
            Step(
                name,
                average(value) - average(following),
                gap / T,
                "<=",
                "rule",
                "the sum telescopes to first minus last value, and the last is bounded below",
            )
        )

    def least(self, name: str, steps: Sequence[str]) -> None:
        """Steps with the same left side: it is below the minimum of the right sides."""
        lowers = [self.step(s).lower for s in steps]
        for lower in lowers[1:]:
            if not is_zero(lower - lowers[0], self._definitions):
                raise ProofError(f"{name}: the left sides {lowers[0]} and {lower} differ")
        upper = sp.Min(*(self.step(s).upper for s in steps))
        self._add(Step(name, lowers[0], upper, "<=", "rule", "both bounds hold", tuple(steps)))

    # ---- the end

    def conclude(
        self,
        name: str,
        terms: Mapping[str, sp.Expr],
        abbreviations: Mapping[sp.Symbol, sp.Expr],
    ) -> None:
        r"""Split the last bound into named terms, in abbreviated letters; the split is an identity.

        ``abbreviations`` maps new letters to what they stand for, :math:`\Lambda` to
        :math:`\sum_i L_i`.
        """
        last = self.steps[-1]
        for letter in abbreviations:
            if letter in self._kinds:
                raise ProofError(f"{name}: {letter} already has a meaning, it cannot abbreviate")
        spelled = {k: sp.sympify(v).xreplace(dict(abbreviations)) for k, v in terms.items()}
        if kind_of(last.upper, self._kinds) != CONSTANT or last.residual.free_symbols & {i, j}:
            raise ProofError(f"{name}: {last.upper} is not a number")
        missing = last.upper - sum(spelled.values(), sp.Integer(0))
        if not is_zero(missing, self._definitions):
            raise ProofError(f"{name}: the terms leave over {sp.expand(missing)}")
        self.terms = dict(terms)
        self.abbreviations = dict(abbreviations)
        why = "the same bound, its terms named"
        bound = sum(self.terms.values(), sp.Integer(0))
        self._add(Step(name, last.lower, bound, "<=", "identity", why, (last.name,)))

    def assumptions(self) -> tuple[str, ...]:
        """Names of the steps that are assumed."""
        return tuple(s.name for s in self.steps if s.known == "assumption")

    def unproved(self) -> tuple[str, ...]:
        """Names of the lemmas whose proof is in words: SymPy has not checked them."""
        return tuple(name for name, lemma in self.lemmas.items() if lemma.known == "lemma")

    @property
    def metric(self) -> sp.Expr:
        """What the theorem bounds."""
        return self.steps[-1].lower

    @property
    def bound(self) -> sp.Expr:
        """The bound, in abbreviated letters: the sum of `terms`."""
        return self.steps[-1].upper

    def _add(self, step: Step) -> None:
        step = step._replace(lower=sp.sympify(step.lower), upper=sp.sympify(step.upper))
        if step.name in self._steps:
            raise ProofError(f"{self.title}: two steps are called {step.name!r}")
        if step.relation not in RELATIONS:
            raise ProofError(f"{step.name}: the relation is {step.relation!r}, not {RELATIONS}")
        for letter in letters(step.lower) | letters(step.upper):
            if letter not in self._kinds and letter not in self.abbreviations:
                raise ProofError(f"{step.name}: {letter} is not declared; add a Quantity for it")
        self._steps[step.name] = step


def _weak(step: Step) -> str:
    return "=" if step.relation == "=" else "<="
