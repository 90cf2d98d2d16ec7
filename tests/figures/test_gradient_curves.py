"""Stored curves of compression, recovery and regression are what is simulated again, and say what documents say."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.learning.data.digits import Digits
from overair.learning.data.mnist import Mnist
from overair.learning.gradients import gradients, largest, variant
from overair.learning.models.dropout_cnn import DropoutCnn
from overair.learning.models.lenet import Lenet
from overair.learning.regression import descend, problem
from overair.ota import Amp, EmBgAmp, Lmmse, Qcs, Qsgd, QsgdFixed, RandomK, Recovery, TopK
from overair.ota.errors import compressing, recovering
from overair.phy import keys
from overair.scenarios.results import saved
from tests.checkout import CURVES, needs_checkout

DATA = Path(os.environ.get("OVERAIR_DATA", "/nowhere")) / "mnist"
RECOVERIES: dict[str, Recovery] = {
    "amp": Amp(),
    "em_bg_amp spatial=false": EmBgAmp(),
    "em_bg_amp spatial=true": EmBgAmp(spatial=True),
    "lmmse": Lmmse(),
}
LAYERS = (
    *((5, 5, 1, 5), (5,), (5, 5, 5, 10), (10,), (5, 5, 10, 20), (20,)),
    *((320, 320), (320,), (320, 10), (10,)),
)

pytestmark = needs_checkout
needs_mnist = pytest.mark.skipif(not DATA.is_dir(), reason="needs MNIST: $OVERAIR_DATA/mnist is not there")


def curve(name: str) -> xr.Dataset:
    return saved.load(CURVES / f"{name}.csv")


def of_lenet(moment: int) -> np.ndarray:
    import tensorflow as tf

    data = Digits().load()
    x = tf.image.resize(data.x_train, [28, 28]).numpy()
    return gradients(Lenet().build((28, 28, 1), 10, 0), x, data.y_train, [moment], 128, 0.05, seed=0)[0]


def of_dropout_cnn(moment: int) -> np.ndarray:
    data = Mnist().load()
    return gradients(DropoutCnn().build((28, 28, 1), 10, 0), data.x_train, data.y_train, [moment], 64, 0.1, seed=0)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "compressor", "target"),
    [("qcs", Qcs(), 16), ("qsgd_fixed", QsgdFixed(), 8), ("qsgd", Qsgd(), 128), ("random_k", RandomK(), 64)],
)
def test_errors_of_compression_are_those_simulated_again(kind: str, compressor: Any, target: int) -> None:
    here = curve("qcs_variance").sel(compressor=kind, target_gain=target, moment=50, seed=0)
    gradient = of_lenet(50)
    budgets = [32 * gradient.size / target]
    ((errors,), _) = compressing(compressor, gradient.size, 20)(gradient, budgets, keys.key(1, "again"))
    spread = np.hypot(errors.std(ddof=1), float(here.deviation)) / 20**0.5
    assert abs(errors.mean() - float(here.error)) < 4.5 * spread
    assert kind == "random_k" or not float(here.error) > float(here.bound)  # NaN of none


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "compressor"), [("QCS", Qcs()), ("top-k", TopK(value_bits=32))])
def test_losses_are_those_simulated_again(kind: str, compressor: Any) -> None:
    here = curve("qcs_regression").sel(variant=kind, step_size=0.1, iteration=200, seed=0)
    (path,) = descend(problem(64, 50, 0), compressor, 32 * 3200 / 20, [0.1], 200, 32, 12, seed=1)
    logs = np.log10(path.excess[-1])
    spread = np.hypot(logs.std(ddof=1), float(here.deviation)) / 12**0.5
    assert abs(logs.mean() - float(here.log10_excess)) < 4.5 * spread


@pytest.mark.slow
@needs_mnist
@pytest.mark.parametrize(("share", "entries"), [(0.25, "real"), (0.05, "real"), (0.25, "shuffled")])
def test_errors_of_recovery_are_those_of_other_matrices(share: float, entries: Any) -> None:
    curves = curve("bayes_errors").sel(entries=entries, moment=100, share=share, snr_db=20, seed=0)
    x = variant(largest(of_dropout_cnn(100), share), entries, LAYERS, 0)
    for name, recovery in RECOVERIES.items():
        found, here = (
            recovering(recovery, x.size, x.size // 2, 4, LAYERS)(x, 20.0, keys.key(1)),
            curves.sel(recovery=name),
        )
        for errors, mean, deviation in (
            (found.error, here.nmse, here.deviation),
            (found.oracle, here.oracle, here.oracle_deviation),
        ):
            spread = np.hypot(errors.std(ddof=1), float(deviation)) / 4**0.5
            assert abs(errors.mean() - float(mean)) < 6 * spread  # of Student's t with six degrees of freedom


@pytest.mark.slow
@needs_mnist
def test_the_gradient_is_that_of_the_network() -> None:
    stored = curve("bayes_gradient").gradient.sel(moment=100, seed=0)
    np.testing.assert_allclose(stored, of_dropout_cnn(100)[stored["entry"].values], rtol=1e-4, atol=1e-7)


def decibel(recovery: str, snr_db: float = 20, share: float = 0.25, entries: str = "real") -> np.ndarray:
    here = curve("bayes_errors").nmse.sel(recovery=recovery, snr_db=snr_db, share=share, entries=entries, seed=0)
    return np.asarray(10 * np.log10(here.values))


def test_the_curve_of_recovery_says_what_the_documentation_says() -> None:
    alone, spatial, silent = "em_bg_amp spatial=false", "em_bg_amp spatial=true", 300
    for snr in (silent, 20):
        for recovery in ("amp", alone, spatial):  # the published setting lies past what any of them recovers
            assert np.all(np.abs(decibel(recovery, snr) + 11) < 3)
        assert np.all(np.abs(decibel("lmmse", snr) + 3) < 0.2)
    assert np.all(decibel(alone, silent, entries="normal") < -60)  # amplitudes are why, not their number
    assert np.all(decibel(alone, share=0.05) < decibel("amp", share=0.05) - 9)
    gain = decibel(alone) - decibel(spatial)
    shuffled = decibel(alone, entries="shuffled") - decibel(spatial, entries="shuffled")
    assert np.all((gain > 0.3) & (gain < 0.8))
    assert np.all(shuffled > gain / 2)  # most of it is the layers' own shares, not the neighbours


def test_the_curves_of_compression_say_what_the_documentation_says() -> None:
    errors, runs = curve("qcs_variance"), curve("qcs_regression")
    at = errors.error.isel(seed=0).sel(target_gain=16)
    assert ((at.sel(compressor="qcs") > 0.69) & (at.sel(compressor="qcs") < 0.73)).all()
    assert (at.sel(compressor="qsgd") < 0.045).all() and (at.sel(compressor="qsgd_fixed") > 83).all()
    bounded = errors.sel(compressor=["qcs", "qsgd_fixed"])
    assert (bounded.error < bounded.bound).where(np.isfinite(bounded.gain), True).all()
    largest_step = {"QSGD fixed length": 0.03, "QCS": 0.11, "QSGD entropy coded": 0.15, "top-k": 0.22, "baseline": 0.22}
    for name, step in largest_step.items():
        share = runs.converged.sel(variant=name, seed=0, iteration=200)
        assert share["step_size"].values[share.values == 1].max() == step
