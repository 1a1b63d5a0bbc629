"""What a run leaves behind: plain values, nothing hidden."""

from __future__ import annotations

from typing import NamedTuple

from lbopt.optim.link import State
from lbopt.params import Params


class Norms(NamedTuple):
    """One layer at one step, as the step was taken: before the weights moved."""

    weight: float  # ||w||
    gradient: float  # ||g||
    ratio: float | None  # the trust ratio used; None if the optimizer has none for this layer


class Step(NamedTuple):
    """One update."""

    step: int  # 0, 1, 2, ... over the whole run
    epoch: int  # 0, 1, 2, ...
    loss: float  # mean over the batch, before the update
    learning_rate: float | None  # `optim.learning_rate`; None if the optimizer has none
    norms: dict[str, Norms] | None  # every record_norms_every steps, else None


class Divergence(NamedTuple):
    """Why a run ended early: the first number that was not finite.

    Examples
    --------
    >>> print(Divergence(12, "fc1.W", "gradient"))
    diverged at step 12: the gradient of 'fc1.W' is not finite
    >>> print(Divergence(3, "loss", "loss"))
    diverged at step 3: the loss is not finite
    """

    step: int  # the step that was not taken
    layer: str  # the first such layer in the order of params; "loss" if it was the loss
    what: str  # "loss", "gradient" or "parameters" (finite gradient, the update overflowed)

    def __str__(self) -> str:
        of = "" if self.what == "loss" else f" of {self.layer!r}"
        verb = "are" if self.what == "parameters" else "is"
        return f"diverged at step {self.step}: the {self.what}{of} {verb} not finite"


class Checkpoint(NamedTuple):
    """Where a run stands: all that is needed to go on as if it had never stopped."""

    params: Params
    state: State  # of the optimizer
    step: int  # how many steps have been taken


class Fit(NamedTuple):
    """The result of `lbopt.train.fit`."""

    params: Params  # after the last step that stayed finite
    state: State  # of the optimizer, at the same moment
    step: int  # steps taken since step 0, those before a checkpoint included
    records: list[Step]  # one for each step of this call
    diverged: Divergence | None

    @property
    def checkpoint(self) -> Checkpoint:
        """The end of this run, to go on from (`fit`'s ``start``) or to `save`."""
        return Checkpoint(self.params, self.state, self.step)

    @property
    def losses(self) -> list[float]:
        """The batch losses, in order."""
        return [record.loss for record in self.records]
