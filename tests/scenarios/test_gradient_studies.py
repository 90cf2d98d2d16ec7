"""Studies of gradients: what they measure, that units are the same alone, with others and grown; what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.learning.data.digits import Digits
from overair.learning.gradients import gradients, largest, variant
from overair.learning.models.softmax import Softmax
from overair.ota import EmBgAmp, Qcs, QsgdFixed
from overair.ota.errors import compressing, recovering
from overair.ota.recovery.amp import transition
from overair.phy import keys
from overair.scenarios import ScenarioError, run

COMPRESSION: dict[str, Any] = {
    "study": "compression",
    "moments": [0, 3],
    "batch_size": 16,
    "compressor": ["qcs", {"kind": "qsgd_fixed", "bucket": 130}, "sign"],
    "gains": [4, 16, 30],
    "draws": 5,
    "seeds": [1, 2],
}
RECOVERY: dict[str, Any] = {
    "study": "recovery",
    "moments": [2],
    "batch_size": 16,
    "recovery": ["lmmse", {"kind": "em_bg_amp", "spatial": True}],
    "entries": ["real", "normal"],
    "shares": [0.05, 0.2],
    "snrs_db": [300, 10],
    "draws": 3,
    "seeds": [4],
}
SIZE = 650


def gradient(moment: int, seed: int) -> np.ndarray:
    """Of softmax regression on digits."""
    data = Digits().load()
    model = Softmax().build((8, 8, 1), 10, seed)
    return gradients(model, data.x_train, data.y_train, [moment], 16, 0.1, seed)[0]


def vectors(folder: Path, values: Any) -> str:
    np.save(folder / "vectors.npy", values)
    return str(folder / "vectors.npy")


def test_errors_of_compression_are_those_of_the_gradient_of_a_moment_and_seed() -> None:
    found = run(COMPRESSION)
    assert found.error.dims == ("compressor", "seed", "moment", "target_gain")
    for kind, compressor in (("qcs", Qcs()), ("qsgd_fixed", QsgdFixed(bucket=130))):
        budgets = [32 * SIZE / 4, 32 * SIZE / 16]
        one = compressing(compressor, SIZE, 5)(gradient(3, 2), budgets, keys.key(2, "qcs variance"))
        here = found.sel(compressor=kind, seed=2, moment=3).isel(target_gain=[0, 1])
        np.testing.assert_allclose(here.error, one.error.mean(axis=1))
        np.testing.assert_allclose(here.deviation, one.error.std(axis=1, ddof=1))
        np.testing.assert_allclose(here.bits, one.bits.mean(axis=1))
        np.testing.assert_allclose(here.gain * one.bits.mean(axis=1), 32 * SIZE)
        np.testing.assert_allclose(here.bound, [compressor.error_bound(SIZE, bits) for bits in budgets])
    assert np.isnan(found.bound.sel(compressor="sign")).all()
    silent = found.sel(compressor="qsgd_fixed", target_gain=30)
    assert (silent.error == 1).all() and (silent.bits == 0).all() and np.isinf(silent.gain).all()


def test_errors_of_recovery_are_those_of_the_largest_entries() -> None:
    found = run(RECOVERY)
    assert found.nmse.dims == ("recovery", "entries", "seed", "moment", "share", "snr_db")
    layers = ((64, 10), (10,))
    errors = recovering(EmBgAmp(spatial=True), SIZE, 325, 3, layers)
    x = variant(largest(gradient(2, 4), 0.2), "normal", layers, 4)
    one = errors(x, 10.0, keys.key(4, "bayes"))
    here = found.sel(recovery="em_bg_amp", entries="normal", share=0.2, snr_db=10).squeeze()
    np.testing.assert_allclose(here.nmse, one.error.mean(), rtol=1e-6)
    np.testing.assert_allclose(here.deviation, one.error.std(ddof=1), rtol=1e-6)
    np.testing.assert_allclose(here.oracle, one.oracle.mean(), rtol=1e-6)
    np.testing.assert_allclose(here.oracle_deviation, one.oracle.std(ddof=1), rtol=1e-6)
    assert (found.oracle.isel(recovery=0) == found.oracle.isel(recovery=1)).all()  # both see the same sums
    assert found.transition.dims == ("recovery", "entries", "seed")
    np.testing.assert_allclose(found.transition, 0.5 * transition(0.5))


def test_entries_of_gradients_are_those_asked_for() -> None:
    raw = {"study": "gradients", "moments": [0, 3], "batch_size": 16, "first": 600, "entries": 50, "seeds": [2]}
    found = run(raw)
    assert found["entry"].values.tolist() == list(range(600, 650))
    for moment in (0, 3):
        np.testing.assert_allclose(found.gradient.sel(seed=2, moment=moment), gradient(moment, 2)[600:])
    with pytest.raises(ScenarioError, match="field entries: expected at most 49, as 650 are in all and 601 before"):
        run(raw | {"first": 601})


@pytest.mark.parametrize(
    ("raw", "some", "measures"),
    [
        (COMPRESSION, {"compressor": "qcs", "gains": [16], "moments": [3], "seeds": [2]}, ("error", "gain")),
        (RECOVERY, {"recovery": "lmmse", "entries": "normal", "shares": [0.2], "snrs_db": [10]}, ("nmse", "oracle")),
    ],
    ids=["compression", "recovery"],
)
def test_a_unit_is_the_same_alone_with_others_and_grown(
    raw: dict[str, Any], some: dict[str, Any], measures: tuple[str, ...], tmp_path: Path
) -> None:
    """Bit for bit: nothing depends on which other coordinates are asked for."""
    alone, whole = run(raw | some, out=tmp_path), run(raw)
    grown = run(raw, out=tmp_path)
    for name in measures:
        np.testing.assert_array_equal(grown[name], whole[name])
        place = {axis: alone[axis].values for axis in alone[name].dims}
        axes = {axis: value for axis, value in some.items() if axis in whole.dims}
        np.testing.assert_array_equal(whole[name].sel(axes).sel(place), alone[name])


def test_vectors_of_a_file_stand_for_gradients(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=[3, 500])
    found = run(
        COMPRESSION | {"vectors": vectors(tmp_path, rows), "moments": [2, 0], "model": "lenet"}
    )  # which is idle
    one = compressing(Qcs(), 500, 5)(rows[2], [32 * 500 / 16], keys.key(1, "qcs variance"))
    np.testing.assert_allclose(found.error.sel(compressor="qcs", seed=1, moment=2, target_gain=16), one.error.mean())


def test_results_are_those_of_a_files_content_and_not_of_its_name(tmp_path: Path) -> None:
    out, raw = tmp_path / "run", COMPRESSION | {"compressor": "qcs", "moments": [0], "seeds": [0]}
    raw["vectors"] = vectors(tmp_path, np.ones([1, 64]))
    first = run(raw, out=out)
    vectors(tmp_path, np.random.default_rng(0).normal(size=[1, 64]))
    assert not np.array_equal(run(raw, out=out).error, first.error)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.ones(4), "real numbers"),
        (np.array([["a"]]), "real numbers"),
        (np.array([[{}]], object), "Python objects"),
        (np.full([1, 4], np.nan), "finite numbers"),
    ],
    ids=["one axis", "texts", "objects", "nan"],
)
def test_files_that_hold_no_vectors_are_refused(values: np.ndarray, told: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=f"^scenario field vectors: expected .*{told}") as error:
        run(COMPRESSION | {"vectors": vectors(tmp_path, values), "moments": [0]})
    assert "\n" not in str(error.value)


def test_other_mistakes_are_named_before_anything_runs(tmp_path: Path) -> None:
    for changes, told in (
        ({"vectors": str(tmp_path / "none.npy")}, "vectors: expected a file that can be read, received .*none.npy"),
        ({"vectors": vectors(tmp_path, np.ones([2, 4]))}, "moments: expected numbers of rows below 2, .* received 3"),
        ({"batch_size": 2000}, "batch_size: expected at most 1,?[0-9]+, as many samples as there are"),
        ({"model": "lenet"}, "model: .*12 x 12"),
        ({"gains": [4, 4]}, "gains: expected different values"),
        ({"moments": []}, "moments"),
        ({"side": 2000}, "side"),
    ):
        with pytest.raises(ScenarioError, match=f"^scenario field {told}"):
            run(COMPRESSION | changes)


def test_images_are_enlarged_for_networks_that_need_it() -> None:
    found = run(COMPRESSION | {"model": "lenet", "side": 12, "compressor": "random_k", "moments": [0], "seeds": [0]})
    assert (
        np.abs(found.bits / (32 * 15_626 / found["target_gain"]) - 1) < 0.01
    ).all()  # a 1 x 1 x 16 ends the convolutions
