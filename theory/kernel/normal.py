r"""When are two expressions the same? Sums are linear, inner products are bilinear.

`is_zero` answers True only where it has an exact reason; "I do not know" is False, and the step is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.kernel.words import average, inner, j, mean_now, norm, over_coordinates

Definitions = Mapping[sp.Expr, tuple]


def normal(expr: sp.Expr) -> sp.Expr:
    """Expanded, with every sum split at its + signs and freed of what does not depend on it."""
    expr = sp.expand(expr)
    sums = {s: _split(s) for s in expr.atoms(sp.Sum)}
    if all(s == found for s, found in sums.items()):
        return expr
    # outermost first: a sum inside a sum is split when the outer one is
    replaced = expr.xreplace({s: sums[s] for s in _outermost(expr)})
    return sp.expand(replaced)


def _outermost(expr: sp.Expr, kinds: type | tuple[type, ...] = sp.Sum) -> set:
    if isinstance(expr, kinds):
        return {expr}
    return set().union(*(_outermost(arg, kinds) for arg in expr.args))


def outer_sum(total: sp.Sum) -> tuple[sp.Expr, sp.Tuple]:
    """Summand and limits of the outermost index (SymPy writes nested sums as one)."""
    *inner_limits, limits = total.limits
    inside = sp.Sum(total.function, *inner_limits) if inner_limits else total.function
    return inside, limits


def _split(total: sp.Sum) -> sp.Expr:
    inside, (index, low, high) = outer_sum(total)
    out = sp.Integer(0)
    for term in sp.Add.make_args(normal(inside)):
        free, bound = term.as_independent(index, as_Add=False)
        if index in free.free_symbols:  # as_independent and free_symbols must agree
            free, bound = sp.Integer(1), term
        out += free * (sp.Sum(bound, (index, low, high)) if bound != 1 else high - low + 1)
    return sp.expand(out)


def in_coordinates(expr: sp.Expr, definitions: Definitions) -> sp.Expr:
    r"""Write :math:`\langle x_i, y_i\rangle = \sum_j x_{ij} y_{ij}`, :math:`\|x_i\|^2` too.

    Letters defined as a sum of two others are replaced by that sum first; only plain inner
    products and even powers of norms are opened, everything else stays shut.
    """

    def opened(x: sp.Expr) -> sp.Expr:
        meaning = definitions.get(x.base, ())
        if meaning and meaning[0] == "sum":
            return sum((opened(part[x.indices]) for part in meaning[1:]), sp.Integer(0))
        return x

    def entry(x: sp.Expr) -> sp.Expr:
        return opened(x.base[(*x.indices, j)])

    def vectors(*args: sp.Expr) -> bool:
        return all(isinstance(x, sp.Indexed) and j not in x.indices for x in args)

    def walk(e: sp.Expr) -> sp.Expr:
        if e.func == inner and vectors(*e.args):
            return over_coordinates(entry(e.args[0]) * entry(e.args[1]))
        if _even_power_of_norm(e) and vectors(*e.base.args):
            return over_coordinates(entry(e.base.args[0]) ** 2) ** (e.exp / 2)
        if isinstance(e, sp.Indexed):
            return opened(e)
        if not e.args or e.func in (norm, mean_now, average) or isinstance(e, sp.IndexedBase):
            return e
        return e.func(*(walk(arg) for arg in e.args))

    return walk(expr)


def bilinear(expr: sp.Expr, definitions: Definitions) -> sp.Expr:
    r"""Open inner products and even powers of norms of letters that are defined as sums.

    :math:`\langle x, y + z\rangle = \langle x, y\rangle + \langle x, z\rangle`,
    :math:`\|y + z\|^2 = \|y\|^2 + 2\langle y, z\rangle + \|z\|^2`,
    :math:`\langle x, x\rangle = \|x\|^2`, :math:`\langle x, y\rangle = \langle y, x\rangle`.
    """

    def parts(x: sp.Expr) -> list[sp.Expr]:
        meaning = definitions.get(x.base, ()) if isinstance(x, sp.Indexed) else ()
        if meaning and meaning[0] == "sum":
            return [y for part in meaning[1:] for y in parts(part[x.indices])]
        return [x]

    def product(xs: list[sp.Expr], ys: list[sp.Expr]) -> sp.Expr:
        pairs = (sorted((x, y), key=sp.default_sort_key) for x in xs for y in ys)
        return sum((norm(x) ** 2 if x == y else inner(x, y) for x, y in pairs), sp.Integer(0))

    def walk(e: sp.Expr) -> sp.Expr:
        if e.func == inner:
            return product(parts(e.args[0]), parts(e.args[1]))
        if _even_power_of_norm(e):
            opened = parts(e.base.args[0])
            return product(opened, opened) ** (e.exp / 2)
        if not e.args or e.func in (norm, mean_now, average) or isinstance(e, sp.Indexed):
            return e
        return e.func(*(walk(arg) for arg in e.args))

    return walk(expr)


def _even_power_of_norm(e: sp.Expr) -> bool:
    return e.is_Pow and e.base.func == norm and e.exp.is_even is True


def is_zero(expr: sp.Expr, definitions: Definitions | None = None) -> bool:
    """True if ``expr`` is identically 0, by expansion, cancellation, bilinearity or coordinates."""
    found = normal(expr)
    if found == 0 or _cancels(found):
        return True
    if definitions is None or not found.has(inner, norm):
        return False
    for opened in (bilinear, in_coordinates):
        written = normal(opened(found, definitions))
        if written == 0 or _cancels(written):
            return True
    return False


def _cancels(expr: sp.Expr) -> bool:
    """Common denominators, with sums and functions as letters of their own."""
    atoms = _outermost(expr, (sp.Sum, sp.Function))
    inert = {a: sp.Dummy() for a in sorted(atoms, key=sp.default_sort_key)}
    return sp.cancel(sp.together(expr.xreplace(inert))) == 0
