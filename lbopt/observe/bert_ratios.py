"""Trust ratios of BERT's layers over a training: the two figures of what a layerwise rule does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lbopt.observe.plots import ratios_over_steps
from lbopt.observe.style import RC, looks_in_order, pyplot
from lbopt.train.records import Step


def matrices(records: Sequence[Step]) -> list[str]:
    """Return the names of the matrices and tables among the layers of ``records``."""
    norms = next((r.norms for r in records if r.norms), None)
    if norms is None:
        raise ValueError("no norms were recorded: train with fit(..., record_norms_every=1)")
    return [name for name in norms if name.endswith(".W")]


def ratio_spread(
    records: Iterable[Step], *, layers: Sequence[str] | None = None
) -> list[tuple[int, float]]:
    r"""Return (step, largest :math:`\|w\| / \|g\|` over smallest) of the recorded steps.

    One rate for all layers can follow the common level of the ratios; a spread far from 1 is what
    only a rate per layer can follow.

    Parameters
    ----------
    records : iterable of Step
        From `train.fit` with ``record_norms_every`` of at least 1.
    layers : list of str, optional
        Default: all matrices (names in ".W"). Biases start at zero and have no ratio then.

    Examples
    --------
    >>> from lbopt.train import Norms
    >>> norms = {"a.W": Norms(2.0, 1.0, None), "b.W": Norms(6.0, 0.1, None)}
    >>> [(step, round(spread)) for step, spread in ratio_spread([Step(0, 0, 1.0, 0.1, norms)])]
    [(0, 30)]
    """
    records = list(records)
    names = matrices(records) if layers is None else layers
    found = []
    for record in records:
        norms = [record.norms[name] for name in names] if record.norms else []
        ratios = [n.weight / n.gradient for n in norms if n.weight and n.gradient]
        if ratios:
            found.append((record.step, max(ratios) / min(ratios)))
    return found


def bert_ratios(
    records: Iterable[Step], *, layers: Sequence[str] | None = None, title: str = ""
) -> Any:
    r"""Draw, layer by layer, :math:`\|w\| / \|g\|` and the trust ratio that was used.

    Left what the gradients ask for, right what the optimizer did: for LARS the same but for decay
    and coefficient, for LAMB :math:`\|w\| / \|r + \lambda w\|`, whose r is of one size everywhere.

    Parameters
    ----------
    records : iterable of Step
        From `train.fit` with ``record_norms_every`` of at least 1.
    layers : list of str, optional
        Default: all matrices, shaded by depth.
    title : str

    Returns
    -------
    matplotlib Figure
        One panel if the optimizer has no trust ratios.

    Raises
    ------
    ValueError
        No record holds norms, or a layer is not among them.
    """
    records = list(records)
    names = matrices(records) if layers is None else list(layers)
    curves = {name: _used(records, name) for name in names}
    curves = {name: curve for name, curve in curves.items() if curve}
    with pyplot().rc_context(RC):
        panels = 2 if curves else 1
        fig, axes = pyplot().subplots(1, panels, figsize=(6.5 * panels + 2, 5), squeeze=False)
        ratios_over_steps(records, layers=names, ax=axes[0][0])
        if curves:
            right = axes[0][1]
            axes[0][0].get_legend().remove()  # the right panel's is for both
            shades = looks_in_order(names)
            for i, (name, curve) in enumerate(curves.items()):
                x, y = zip(*curve, strict=True)
                every = max(1, len(x) // 8)
                start = min(i * every // len(curves), len(x) - 1)
                look = shades[name]._asdict()
                right.plot(x, y, label=name, markevery=(start, every), **look)
            right.set_yscale("log")
            right.set_xlim(axes[0][0].get_xlim())
            right.set_xlabel("step")
            right.set_ylabel("trust ratio used")
            right.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="layer", fontsize=9)
        fig.suptitle(title, fontweight="bold")
        return fig


def _used(records: Sequence[Step], name: str) -> list[tuple[int, float]]:
    norms = [(record.step, (record.norms or {}).get(name)) for record in records]
    return [(step, n.ratio) for step, n in norms if n is not None and n.ratio]
