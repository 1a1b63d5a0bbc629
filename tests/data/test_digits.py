import builtins
import sys

import numpy as np
import pytest

from lbopt.data import digits


def rows(x):
    return {image.tobytes() for image in x}


def test_sizes_shapes_and_dtypes():
    for split, n in zip(digits(), (1077, 360, 360), strict=True):
        assert split.x.shape == (n, 8, 8, 1)
        assert split.x.dtype == np.float32
        assert split.y.shape == (n,)
        assert split.y.dtype == np.int64
        assert set(split.y) == set(range(10))


def test_the_splits_together_are_the_whole_data_with_their_own_labels():
    from sklearn.datasets import load_digits

    whole = load_digits()
    train, validation, test = digits()
    x = np.concatenate([s.x for s in (train, validation, test)]).astype(np.float64)
    y = np.concatenate([train.y, validation.y, test.y])
    # undo the standardisation with the two scalars, recovered from the blackest and whitest pixel
    pixels = np.rint((x - x.min()) / (x.max() - x.min()) * 16)
    got = sorted((p.tobytes(), int(label)) for p, label in zip(pixels[..., 0], y, strict=True))
    want = sorted((p.tobytes(), int(t)) for p, t in zip(whole.images, whole.target, strict=True))
    assert got == want


def test_only_the_training_split_is_standardised_to_mean_0_and_sd_1():
    d = digits()
    assert abs(d.train.x.mean(dtype=np.float64)) < 1e-6
    assert abs(d.train.x.std(dtype=np.float64) - 1) < 1e-6
    whole = np.concatenate([s.x for s in d]).astype(np.float64)
    assert abs(whole.mean()) > 1e-4, "the mean of all images was used: test data leaked"
    assert abs(d.test.x.mean(dtype=np.float64)) > 1e-4
    # one scalar each, not one per pixel: the always-black corner keeps one value everywhere
    assert len(np.unique(np.concatenate([s.x[:, 0, 0] for s in d]))) == 1


def test_the_seed_decides_the_split():
    assert np.array_equal(digits(7).test.x, digits(7).test.x)
    assert np.array_equal(digits().test.y, digits(1234).test.y)
    assert not np.array_equal(digits(7).test.y, digits(8).test.y)


def test_augmentation_begins_with_the_originals_and_leaves_validation_and_test_alone():
    plain, grown = digits(3), digits(3, augment_to=3000)
    assert np.array_equal(grown.train.x[:1077], plain.train.x)
    assert np.array_equal(grown.train.y[:1077], plain.train.y)
    for a, b in zip(plain[1:], grown[1:], strict=True):
        assert np.array_equal(a.x, b.x)
        assert np.array_equal(a.y, b.y)
    assert grown.train.x.shape == (3000, 8, 8, 1)
    assert grown.train.x.dtype == np.float32


def test_warped_copies_are_new_images_of_the_same_digit():
    grown = digits(3, augment_to=1077 * 3)
    x, y = grown.train
    originals, first, second = np.split(x, 3)
    assert np.array_equal(*np.split(y[: 2 * 1077], 2))
    for copy in (first, second):
        change = np.linalg.norm((copy - originals).reshape(1077, -1), axis=1)
        size = np.linalg.norm((originals - originals.min()).reshape(1077, -1), axis=1)
        assert (change > 0.02 * size).mean() > 0.99, "copies are hardly warped"
        assert np.median(change / size) < 0.5, "copies are warped beyond recognition"
        # nearest original (other than by chance) has the same label nearly always
        flat, base = copy.reshape(1077, -1), originals.reshape(1077, -1)
        nearest = ((flat**2).sum(1)[:, None] - 2 * flat @ base.T + (base**2).sum(1)).argmin(1)
        assert (y[:1077][nearest] == y[:1077]).mean() > 0.92
    assert not rows(first) & rows(second)
    assert not rows(first) & rows(digits(3).test.x)


def test_augmentation_is_deterministic_and_a_smaller_one_is_the_beginning_of_a_larger():
    small, large = digits(5, augment_to=1500), digits(5, augment_to=2600)
    assert np.array_equal(small.train.x, large.train.x[:1500])
    assert np.array_equal(small.train.y, large.train.y[:1500])


def test_thousands_of_images_are_possible():
    x, y = digits(augment_to=8192).train
    assert x.shape == (8192, 8, 8, 1)
    assert y.shape == (8192,)
    assert np.isfinite(x).all()


@pytest.mark.parametrize("n", [1077, 10, 0, -1, 65537])
def test_augment_to_outside_its_range_is_refused(n):
    with pytest.raises(ValueError, match=rf"1078 to 65536.*got {n}"):
        digits(augment_to=n)


def test_wrong_seeds_and_fractions_are_refused():
    with pytest.raises(ValueError, match="seed"):
        digits(-1)
    with pytest.raises(TypeError, match="augment_to"):
        digits(augment_to=2000.5)
    with pytest.raises(TypeError, match=r"seed must be an integer, got 1\.5"):
        digits(1.5)


def test_the_seed_decides_the_warps_too(monkeypatch):
    draws = []
    module = sys.modules["lbopt.data.digits"]  # the name in lbopt.data is the function
    monkeypatch.setattr(module, "_warp", lambda images, rng: draws.append(rng.random()) or images)
    for seed in (3, 3, 4):
        digits(seed, augment_to=1200)
    assert draws[0] == draws[1] != draws[2]


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r'pip install "lbopt\[experiments\]"'):
        digits()
