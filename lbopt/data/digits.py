"""Real handwritten digits that need no download: 1797 images of 8 x 8, from scikit-learn.

The images are the test part of the UCI "Optical Recognition of Handwritten Digits" data
(E. Alpaydin, C. Kaynak, 1998, https://doi.org/10.24432/C50P49), 43 writers, 17 grey levels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lbopt.data.batches import integer

VALIDATION = TEST = 360
TRAIN = 1797 - VALIDATION - TEST
MOST_IMAGES = 65536


class Split(NamedTuple):
    """Images and labels of one part of the data."""

    x: np.ndarray  # (N, 8, 8, 1) float32, standardised
    y: np.ndarray  # (N,) int64, 0..9


class Digits(NamedTuple):
    """Three disjoint parts: learn from one, choose on the next, report once on the last."""

    train: Split
    validation: Split
    test: Split


def digits(seed: int = 1234, *, augment_to: int | None = None) -> Digits:
    """Load the digits, split by a permutation of ``seed`` and standardised.

    x = (pixel - m) / s, with the two scalars m and s the mean and standard deviation of all
    pixels of the 1077 training originals: validation and test never enter, and the augmented
    images do not move them.

    Parameters
    ----------
    seed : int
        Decides which image goes to which split, and the augmentation.
    augment_to : int, optional
        Grow the training part to this many images, 1078 to 65536: first the 1077 originals, then
        warped copies of them in turn. A smaller number gives the beginning of a larger one.

    Returns
    -------
    Digits
        ``train`` (1077 or ``augment_to`` images), ``validation`` (360), ``test`` (360).

    Raises
    ------
    ImportError
        Without scikit-learn (and, with ``augment_to``, SciPy).
    TypeError
        ``seed`` or ``augment_to`` is no integer.
    ValueError
        ``seed`` is negative, or ``augment_to`` outside its range.

    Examples
    --------
    >>> small, large = digits(), digits(augment_to=4096)
    >>> small.train.x.shape, large.train.x.shape, large.test.x.shape
    ((1077, 8, 8, 1), (4096, 8, 8, 1), (360, 8, 8, 1))
    >>> print(f"{small.train.x.mean():.4f} {small.test.x.mean():.4f}")
    0.0000 -0.0027
    """
    if integer("seed", seed) < 0:
        raise ValueError(f"seed must be an integer of at least 0, got {seed}")
    if augment_to is not None and not (TRAIN < integer("augment_to", augment_to) <= MOST_IMAGES):
        raise ValueError(
            f"augment_to must be None or {TRAIN + 1} to {MOST_IMAGES} "
            f"(there are {TRAIN} training images to begin with), got {augment_to}"
        )
    images, labels = _load()
    order = np.random.default_rng(seed).permutation(len(images))
    test, validation, train = np.split(order, [TEST, TEST + VALIDATION])
    mean, sd = images[train].mean(dtype=np.float64), images[train].std(dtype=np.float64)

    def split(pixels: np.ndarray, y: np.ndarray) -> Split:
        return Split(((pixels - mean) / sd).astype(np.float32)[..., None], y)  # (N, 8, 8, 1)

    pixels, y = images[train], labels[train]
    if augment_to is not None:
        source = np.arange(augment_to - TRAIN) % TRAIN  # every original in turn: classes stay even
        warped = _warp(pixels[source], np.random.default_rng([seed, 1]))
        pixels, y = np.concatenate([pixels, warped]), np.concatenate([y, y[source]])
    return Digits(
        train=split(pixels, y),
        validation=split(images[validation], labels[validation]),
        test=split(images[test], labels[test]),
    )


def _load() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits
    except ImportError as e:
        raise ImportError(
            'data.digits needs scikit-learn; install it with: pip install "lbopt[experiments]"'
        ) from e
    bunch = load_digits()
    return bunch.images, bunch.target.astype(np.int64)  # (1797, 8, 8) float64 0..16


def _warp(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Warp each image by its own small random affine map about the centre.

    An output pixel at p takes the value at A (p - c) + c + t, bilinear, background 0, with
    A = rotation(up to 8 degrees) shear(up to 0.1) scale(0.92 to 1.08 per axis) and t up to
    0.4 pixels per axis. Digits of 8 x 8 bear no more: larger warps turn one digit into another.
    """
    try:
        from scipy.ndimage import affine_transform
    except ImportError as e:
        raise ImportError(
            'augment_to needs scipy; install it with: pip install "lbopt[experiments]"'
        ) from e
    draws = rng.uniform(-1.0, 1.0, size=(len(images), 6))  # one row per image: prefixes agree
    centre = (np.array(images.shape[1:]) - 1) / 2
    warped = np.empty_like(images)
    for image, out, (turn, slant, zoom_y, zoom_x, shift_y, shift_x) in zip(
        images, warped, draws, strict=True
    ):
        angle = np.deg2rad(8) * turn
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shear = np.array([[1.0, 0.1 * slant], [0.0, 1.0]])
        matrix = rotation @ shear @ np.diag([1 + 0.08 * zoom_y, 1 + 0.08 * zoom_x])
        shift = 0.4 * np.array([shift_y, shift_x])
        offset = centre + shift - matrix @ centre
        affine_transform(image, matrix, offset, output=out, order=1)
    return warped
