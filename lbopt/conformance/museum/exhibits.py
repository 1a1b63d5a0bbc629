"""The museum's catalogue: each wrong optimizer with its story, and the law that its story names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import NamedTuple

from lbopt import optim
from lbopt.conformance.adapters import from_lbopt
from lbopt.conformance.contract import Factory
from lbopt.conformance.museum import adamw, lamb, lamb_other, lamb_subtle, lars, lars_2020, sgd
from lbopt.optim import Link

REFERENCE = re.compile(r"([\w.-]+/[\w.-]+)\s*(PR )?#(\d+)")
RIGHT = {name: getattr(optim, name) for name in ("lamb", "lars", "lars_2020", "adamw", "sgd")}


class Exhibit(NamedTuple):
    """A wrong optimizer: a recipe with the arguments of the right one.

    Attributes
    ----------
    recipe : function (learning_rate, **hyperparameters) -> Link
    claim : what it claims to be
    law : the name of the law that its story is about; others may kill it too
    """

    recipe: Callable[..., Link]
    claim: str
    law: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.recipe.__name__

    @property
    def story(self) -> str:
        """What is wrong, and whose it is."""
        return " ".join((self.recipe.__doc__ or "").split())

    @property
    def links(self) -> tuple[str, ...]:
        """Where it was reported.

        Examples
        --------
        >>> next(e for e in EXHIBITS if e.name == "ratio_outside_the_momentum").links
        ('https://github.com/ooples/AiDotNet.Tensors/pull/955',)
        """
        return tuple(
            f"https://github.com/{repo}/{'pull' if pull else 'issues'}/{number}"
            for repo, pull, number in REFERENCE.findall(self.story)
        )

    @property
    def factory(self) -> Factory:
        """For `check` and `identify`."""
        names = {k: k for k in list(inspect.signature(RIGHT[self.claim]).parameters)[1:]}
        return from_lbopt(self.recipe, names=names)


# wrong optimizer: the law its story is about
LAMB = {
    lamb.eps_inside_the_root: "eps_stands_outside_the_root",
    lamb.decay_before_adam: "large_decay_leaves_the_length",
    lamb.decay_after_the_ratio: "large_decay_leaves_the_length",
    lamb.ratio_before_decay: "large_decay_leaves_the_length",
    lamb.ratio_from_the_gradient: "step_length_is_lr_times_weights",
    lamb.ratio_inverted: "step_length_is_lr_times_weights",
    lamb.no_ratio: "step_length_is_lr_times_weights",
    lamb.no_bias_correction: "correction_counts_from_one",
    lamb.bias_correction_ignored: "bias_correction_can_be_switched_off",
    lamb.bias_correction_outside_the_ratio: "correction_counts_from_one",
    lamb.second_moment_not_corrected: "correction_counts_from_one",
    lamb.counted_from_zero: "correction_counts_from_one",
    lamb.counted_from_two: "correction_counts_from_one",
    lamb.first_moment_counted_from_two: "correction_counts_from_one",
    lamb.counted_twice: "correction_counts_from_one",
    lamb.betas_swapped: "two_steps_have_a_closed_form",
    lamb.gradient_not_squared: "first_step_is_a_sign_step",
    lamb.one_global_ratio: "layers_are_independent",
    lamb.phi_ignored: "phi_acts_on_the_weight_norm",
    lamb.norm_ignored: "norm_is_of_weights_and_update",
    lamb.norm_of_weights_alone: "norm_is_of_weights_and_update",
    lamb.eps_in_the_ratio: "tiny_updates_are_lengthened",
    lamb.clamped_at_ten: "ratio_has_no_bounds",
    lamb.ratio_clipped_at_one: "ratio_has_no_bounds",
    lamb_other.clips_by_default: "gradient_scale_is_forgotten",
    lamb_other.no_decay_no_ratio: "decay_to_zero_is_continuous",
    lamb_other.zero_weights_frozen: "zero_weights_wake_up",
    lamb_other.zero_gradient_frozen: "zero_gradient_leaves_the_decay",
    lamb_other.no_zero_rule: "nothing_moves_nothing",
    lamb_other.rate_inside_a_momentum: "nothing_moves_at_rate_zero",
    lamb_other.masks_swapped: "masks_choose_the_layers",
    lamb_other.one_mask_for_both: "masks_choose_the_layers",
    lamb_other.rate_before_the_ratio: "learning_rate_is_a_factor",
    lamb_other.ascent: "first_step_is_a_sign_step",
    lamb_other.squared_norms: "weight_scale_is_kept",
    lamb_other.sum_of_squares_in_storage_dtype: "half_precision_has_the_right_ratio",
    lamb_other.moments_in_storage_dtype: "half_precision_keeps_small_moments",
    lamb_other.gradient_overwritten: "inputs_are_not_overwritten",
    lamb_other.memory_in_the_object: "state_survives_a_save",
    lamb_subtle.last_layer_skipped: "every_layer_moves",
    lamb_subtle.decay_of_matrices_only: "decay_reaches_every_layer",
    lamb_subtle.ratio_of_matrices_only: "step_length_is_lr_times_weights",
    lamb_subtle.scalars_not_adapted: "a_scalar_is_a_layer",
    lamb_subtle.empty_layer_spoils_all: "an_empty_layer_is_harmless",
    lamb_subtle.late_layer_counts_anew: "a_late_gradient_is_welcome",
    lamb_subtle.rule_by_name: "names_do_not_matter",
    lamb_subtle.decay_ignored: "every_hyperparameter_is_alive",
    lamb_subtle.eps_before_the_correction: "eps_is_added_after_the_correction",
    lamb_subtle.state_in_the_module: "two_runs_share_nothing",
    lamb_subtle.quiet_layers_left_out: "contract",
    lamb_subtle.rate_of_the_first_step: "schedule_is_asked_for_each_step",
    lamb_subtle.decay_without_the_rate: "nothing_moves_at_rate_zero",
}
LARS = {
    lars.ratio_outside_the_momentum: "two_steps_build_up_momentum",
    lars.norm_of_the_sum: "decay_has_a_norm_of_its_own",
    lars.one_global_ratio: "layers_are_independent",
    lars.decay_dropped: "decay_has_a_norm_of_its_own",
    lars.rate_outside_the_buffer: "momentum_moves_on_at_rate_zero",
    lars.ascent: "first_step_sees_no_memory",
    lars.squared_norms: "ratio_has_no_bounds",
    lars.zero_weights_frozen: "zero_weights_wake_up",
    lars.zero_gradient_untrusted: "zero_gradient_has_the_literal_ratio",
    lars.zero_gradient_not_decayed: "zero_gradient_has_the_literal_ratio",
    lars.no_zero_rule: "nothing_moves_nothing",
    lars.decay_not_in_the_denominator: "lars_step_is_bounded",
    lars.first_step_dampened: "first_step_sees_no_memory",
    lars.masks_swapped: "masks_choose_the_layers",
    lars.one_mask_for_both: "masks_choose_the_layers",
    lars.sum_of_squares_in_storage_dtype: "half_precision_has_the_right_ratio",
    lars.nesterov_without_look_ahead: "nesterov_looks_ahead",
    lars.no_decay_no_ratio: "decay_to_zero_is_continuous",
    lars.ratio_clipped_at_one: "learning_rate_is_a_factor",
    lars.eps_of_its_own: "both_scales_are_kept",
    lars.gradient_overwritten: "inputs_are_not_overwritten",
    lars.momentum_by_position: "names_do_not_matter",
    lars.memory_in_the_object: "state_survives_a_save",
    lars.step_counted_twice: "schedule_is_asked_for_each_step",
}
LARS_2020 = {
    lars_2020.gradient_normalised: "step_length_is_lr_times_weights",
    lars_2020.decay_after_the_ratio: "decay_goes_through_the_momentum",
    lars_2020.decay_after_the_momentum: "decay_goes_through_the_momentum",
    lars_2020.phi_ignored: "phi_acts_on_the_weight_norm",
    lars_2020.no_ratio: "step_length_is_lr_times_weights",
    lars_2020.heavy_ball_for_average: "zero_weights_have_ratio_one",
    lars_2020.rate_inside_the_average: "learning_rate_is_a_factor",
    lars_2020.bounded_ratio: "ratio_has_no_bounds",
    lars_2020.no_zero_rule: "nothing_moves_nothing",
}
ADAMW = {
    adamw.adamw_as_adam: "decay_is_decoupled",
    adamw.adamw_decay_without_the_rate: "nothing_moves_at_rate_zero",
    adamw.adamw_decay_twice: "decay_is_decoupled",
    adamw.adamw_eps_inside: "eps_stands_outside_the_root",
    adamw.adamw_layer_mean_of_v: "merging_changes_nothing",
    adamw.adamw_mask_ignored: "masks_choose_the_layers",
    adamw.adamw_eps_of_its_own: "eps_may_be_zero",
    adamw.adamw_narrow: "half_precision_keeps_small_moments",
    adamw.adamw_no_zero_rule: "nothing_moves_nothing",
    adamw.adamw_decay_ignored: "decay_reaches_every_layer",
}
SGD = {
    sgd.sgd_rate_inside_the_momentum: "nothing_moves_at_rate_zero",
    sgd.sgd_decay_outside_the_momentum: "decay_goes_through_the_momentum",
    sgd.sgd_dampened: "constant_gradient_builds_up",
    sgd.sgd_nesterov_ignored: "nesterov_looks_ahead",
    sgd.sgd_decay_mask_ignored: "masks_choose_the_layers",
    sgd.sgd_ascent: "first_step_sees_no_memory",
    sgd.sgd_clips_by_default: "update_is_linear_in_the_gradient",
    sgd.sgd_clips_each_layer: "merging_changes_nothing",
}
EXHIBITS = tuple(
    Exhibit(recipe, claim, law)
    for claim, hall in {
        "lamb": LAMB, "lars": LARS, "lars_2020": LARS_2020, "adamw": ADAMW, "sgd": SGD,
    }.items()
    for recipe, law in hall.items()
)  # fmt: skip
