"""Figures are read by colour-blind eyes and from grey prints, too."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from lbopt import observe
from lbopt.observe.style import COLOURS, OPTIMIZERS


def test_no_two_optimizers_share_a_colour_a_marker_or_a_line():
    for part in zip(*OPTIMIZERS.values(), strict=True):
        assert len(set(map(str, part))) == len(OPTIMIZERS)


def lightness_and_colour(rgb):
    """CIELAB of linear sRGB."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = matrix @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    fx, fy, fz = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


# Machado, Oliveira and Fernandes 2009, severity 1
SEEN = {
    "by most": np.eye(3),
    "without red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                          [-0.003882, -0.048116, 1.051998]],
    "without green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                            [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


@pytest.mark.parametrize("eyes", SEEN)
def test_colour_blind_eyes_tell_any_two_optimizers_apart(eyes):
    def seen(look):
        c = np.array(to_rgb(look.color))
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return lightness_and_colour(SEEN[eyes] @ linear)

    for a, b in itertools.combinations(OPTIMIZERS, 2):
        distance = np.linalg.norm(seen(OPTIMIZERS[a]) - seen(OPTIMIZERS[b]))
        assert distance > 15, (a, b)  # 2.3 is just noticeable side by side


def test_adamw_and_the_lambs_differ_in_grey():
    grey = [
        np.dot([0.2126, 0.7152, 0.0722], to_rgb(OPTIMIZERS[name].color))
        for name in ("lamb_slow_biases", "lamb", "adamw")
    ]
    assert np.diff(grey).min() > 0.05


def test_every_recipe_has_a_look_and_a_name_of_its_own():
    from lbopt.observe.style import NAMES
    from lbopt.train import RECIPES

    assert not RECIPES.keys() - OPTIMIZERS.keys()
    assert not RECIPES.keys() - NAMES.keys()


def test_new_names_share_no_look_with_each_other():
    looks = observe.looks(f"optimizer{i}" for i in range(7))
    for part in zip(*looks.values(), strict=True):
        assert len(set(map(str, part))) == 7


def test_layers_go_from_dark_to_light_also_in_grey_and_no_two_look_alike():
    looks = observe.looks_in_order([f"layer{i}" for i in range(25)])
    assert len(set(looks.values())) == 25
    assert len({(look.marker, str(look.linestyle)) for look in looks.values()}) == 25
    grey = [np.dot([0.2126, 0.7152, 0.0722], to_rgb(look.color)) for look in looks.values()]
    assert np.all(np.diff(grey) > 0)
    assert grey[-1] < 0.8, "too pale on white"


def test_colours_stand_out_from_white():
    for colour in COLOURS:
        assert np.dot([0.2126, 0.7152, 0.0722], to_rgb(colour)) < 0.75, colour
