import numpy as np
import pytest

from lbopt import models, optim, train
from lbopt.data import Split

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("data_on_gpu", [False, True])
def test_a_run_on_the_gpu_is_the_run_on_the_host(data_on_gpu):
    cupy = pytest.importorskip("cupy")
    rng = np.random.default_rng(0)
    host = Split(rng.standard_normal((40, 8, 8, 1)), rng.integers(0, 10, 40))
    model = models.alexnet_bn()
    params = model.init(rng, np.float64)
    opt = optim.lars(0.05, trust_coefficient=0.1)
    arguments = {"epochs": 3, "batch_size": 20, "seed": 0, "record_norms_every": 1}
    want = train.fit(model, opt, host, params=params, **arguments)
    data = Split(cupy.asarray(host.x), cupy.asarray(host.y)) if data_on_gpu else host
    on_gpu = {k: cupy.asarray(w) for k, w in params.items()}
    got = train.fit(model, opt, data, params=on_gpu, **arguments)
    for k, w in want.params.items():
        assert isinstance(got.params[k], cupy.ndarray)
        np.testing.assert_allclose(got.params[k].get(), w, rtol=1e-6, atol=1e-9)
    stats = train.recompute_statistics(model, got.params, data.x, batch_size=15)
    a = train.evaluate(model, got.params, data, stats)
    stats = train.recompute_statistics(model, want.params, host.x, batch_size=15)
    b = train.evaluate(model, want.params, host, stats)
    assert a.loss == pytest.approx(b.loss, rel=1e-6)
    assert a.accuracy == b.accuracy


def test_a_checkpoint_comes_back_to_the_gpu(tmp_path):
    cupy = pytest.importorskip("cupy")
    train.save(tmp_path / "c", ({"W": cupy.arange(3.0)}, 7))
    (params, step) = train.load(tmp_path / "c", like=({"W": cupy.zeros(3)}, 0))
    assert isinstance(params["W"], cupy.ndarray)
    assert params["W"].get().tolist() == [0, 1, 2]
    assert step == 7
