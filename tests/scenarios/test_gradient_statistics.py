"""Statistics of gradients by epoch and layer: they are those of the gradients, nulls pass, and mistakes are named."""

from typing import Any

import keras
import numpy as np
import pytest

from overair.learning import statistics
from overair.learning.data.digits import Digits
from overair.learning.gradients import over_epochs
from overair.learning.models.cnn import Cnn
from overair.ota import laws
from overair.scenarios import ScenarioError, run, studies

NETWORK: dict[str, Any] = {
    "study": "gradient_statistics",
    "data": "digits",
    "model": "cnn",
    "epochs": [1, 3],
    "layers": [2, 4],
    "gradient": ["last", "mean"],
    "entries": [100, 700],
    "draws": 30,
    "seeds": [1],
}
STUDENT: dict[str, Any] = {
    "study": "gradient_statistics",
    "teacher": {"activation": ["erf", "relu"], "steps": 300},
    "batch_size": 1,
    "learning_rate": 0.2,
    "epochs": [1, 2],
    "layers": [1],
    "entries": 100,
    "draws": 10,
    "seeds": [0, 1],
}


@pytest.fixture(scope="module")
def found() -> Any:
    return run(NETWORK)


@pytest.fixture(scope="module")
def gradients() -> Any:
    data = Digits().load()
    return over_epochs(Cnn().build((8, 8, 1), 10, 1), data.x_train, data.y_train, [1, 2, 3], 64, 0.1, 1)


def test_measures_are_over_epochs_and_layers(found: Any) -> None:
    assert found.kurtosis.dims == ("gradient", "entries", "seed", "epoch", "layer")
    assert found["layer"].values.tolist() == [2, 4] and found["epoch"].values.tolist() == [1, 3]


@pytest.mark.parametrize("gradient", ["last", "mean"])
def test_shapes_and_kurtosis_are_those_of_a_kernel(found: Any, gradients: Any, gradient: str) -> None:
    """The second of kernels of 400, 12,800, 24,576 and 1,920 entries, between biases of 16, 32, 192 and 10."""
    for layer, first, count in ((2, 400 + 16, 12_800), (4, 400 + 16 + 12_800 + 32 + 128 * 192 + 192, 1_920)):
        entries = getattr(gradients[3], gradient)[first : first + count]
        here, own = found.sel(gradient=gradient, seed=1, epoch=3, layer=layer), statistics.described(entries)
        for name, value in own._asdict().items():
            np.testing.assert_allclose(here[name], value, rtol=1e-6)
        drawn = np.sort(statistics.standard(entries))
        for name, law in (("normal", laws.gennorm(2.0)), ("weibull", laws.weibull(own.weibull))):
            n = len(drawn)
            whole = np.mean((drawn - law.ppf((np.arange(n) + 0.5) / n)) ** 2) ** 0.5
            assert abs(float(here[f"w2_{name}"].sel(entries=700)) - whole) < 0.15  # of draws
            assert 0 < here[f"floor_{name}"].sel(entries=700) < here[f"floor_{name}"].sel(entries=100)


def test_tests_are_between_the_same_entries_of_consecutive_epochs(found: Any, gradients: Any) -> None:
    """A whole layer of fewer entries than a draw takes is one draw, whose numbers are those of scipy."""
    whole = run(NETWORK | {"gradient": "mean", "entries": 10**5, "layers": [4], "draws": 1}).sel(seed=1, layer=4)
    first = 400 + 16 + 12_800 + 32 + 128 * 192 + 192
    now, before = (gradients[number].mean[None, first : first + 1_920] for number in (3, 2))
    expected = statistics.tested(now, before)
    for name, value in expected._asdict().items():
        np.testing.assert_allclose(whole[name].sel(epoch=3), value, rtol=1e-6)
        assert np.isnan(found[name].sel(epoch=1)).all()  # before which there is none
    assert float(whole.spearman.sel(epoch=3)) > 0.2  # of means, which training moves slowly


def test_null_rows_are_those_of_independent_entries(found: Any) -> None:
    """Deviations of means over 2 x 2 x 30 tests a size; entries of a layer are not quite independent."""
    for size, mean in ((100, 0.118011), (700, 0.045688)):
        null = found.sel(entries=size)
        tests = null.ks_null.size * 30
        assert abs(float(null.ks_null.mean()) - mean) < 4.5 * 0.27 * (2 / size) ** 0.5 / tests**0.5 + 0.02 * mean
        assert abs(float(null.spearman_null.mean())) < 4.5 * (size - 1) ** -0.5 / tests**0.5
        for name in ("ks_null_passed", "spearman_null_passed"):
            assert abs(float(null[name].mean()) - 0.955) < 4.5 * (0.05 * 0.95 / tests) ** 0.5


def test_generalised_normal_entries_are_far_nearer_to_their_law_than_to_the_normal_one(found: Any) -> None:
    here = found.sel(entries=700, epoch=3, gradient="mean")
    assert (here.w2_gennorm < 0.7 * here.w2_normal).all() and (here.gennorm < 1.3).all() and (here.kurtosis > 1).all()


def test_a_student_on_gaussian_inputs_is_another_source() -> None:
    results = run(STUDENT)
    assert results.kurtosis.dims == ("activation", "seed", "epoch", "layer")
    erf, relu = (results.sel(activation=name) for name in ("erf", "relu"))
    assert np.isfinite(erf.kurtosis).all() and (erf.zeros == 0).all()
    assert (relu.zeros % 0.25 == 0).all() and float(relu.zeros.max()) >= 0.25  # inputs of units silent for a sample
    assert (np.isfinite(relu.kurtosis) == (relu.zeros < 1)).all()  # all may be


def test_with_a_teacher_data_and_model_decide_nothing() -> None:
    one, other, network = (
        studies.check({**STUDENT, "teacher": {"activation": "erf"}}),
        studies.check({**STUDENT, "teacher": {"activation": "erf"}, "model": "lenet", "data": "mnist"}),
        studies.check({**NETWORK, "gradient": "last", "entries": 100}),
    )
    assert one.identity() == other.identity() and "model" in network.identity()


def test_what_is_made_of_a_training_shares_it() -> None:
    one, other = (studies.check({**NETWORK, "gradient": g, "entries": n}) for g, n in (("last", 100), ("mean", 700)))
    assert one.group(3) == other.group(3) and one.identity() != other.identity()
    assert one.group(3) != one.group(4)


def test_of_all_trainings_of_a_sweep_the_gradients_of_one_are_kept() -> None:
    shared: dict[str, Any] = {}
    student = {**STUDENT, "teacher": {"activation": "erf", "inputs": 16, "steps": 5}, "entries": 20}
    rates, made = (0.1, 0.2, 0.3), []
    trainings = [studies.check(student | {"learning_rate": rate}).prepare(shared) for rate in rates]
    for training in trainings:
        for seed in (0, 1):
            made.append(training.at([1], seed)[1].mean)
            held = [value for value in shared.values() if isinstance(value, dict)]
            assert [[*each] for each in held] == [[(training.name, seed)]]
    assert trainings[-1].at([1], 1) is trainings[-1].at([1], 1)
    np.testing.assert_array_equal(trainings[0].at([1], 0)[1].mean, made[0])  # made again, the same
    assert len({each.tobytes() for each in made}) == len(made)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"layers": [5]}, "layers: expected numbers up to 4, as many kernels as there are, received 5"),
        ({"layers": [1, 1]}, "layers: expected different values"),
        ({"epochs": [0]}, "epochs"),
        ({"epochs": []}, "epochs"),
        ({"entries": 8}, "entries"),
        ({"gradient": "first"}, "gradient"),
        ({"batch_size": 2000}, "batch_size: expected at most 1,?[0-9]+, as many samples as there are"),
        ({"teacher": {"activation": "tanh"}, "layers": [1]}, "teacher.activation"),
        ({"teacher": {"activation": "erf"}, "layers": [2]}, "layers: expected numbers up to 1"),
        (
            {"teacher": {"activation": "erf", "inputs": 65_536, "student": 1024}, "layers": [1]},
            "epochs: expected at most 4 epochs of 67108864 weights, as gradients of more take over 4 GiB",
        ),
    ],
    ids=str,
)
def test_mistakes_are_named_before_anything_runs(changes: dict[str, Any], told: str) -> None:
    epochs = {} if "epochs" in changes else {"epochs": [1, 2, 3, 4, 5]}
    with pytest.raises(ScenarioError, match=f"^scenario field {told}") as error:
        run(NETWORK | epochs | changes)
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras, when it saves
def test_layers_of_a_few_entries_are_refused(tmp_path: Any) -> None:
    dense = keras.layers.Dense
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), dense(1), dense(10)])
    model.save(tmp_path / "small.keras")
    small = NETWORK | {"model": {"kind": "saved", "path": str(tmp_path / "small.keras")}, "layers": [1, 2]}
    with pytest.raises(ScenarioError, match="layers: expected layers of at least 16 entries, received layer 2 of 10"):
        run(small)


def test_the_least_error_of_compression_is_that_of_the_laws_fitted_to_layers(tmp_path: Any) -> None:
    raw = {"study": "compression", "compressor": ["eden", "sign"], "gains": [8, 320], "moments": [2], "draws": 2}
    results = run(raw)
    assert (results.least.isel(compressor=0) == results.least.isel(compressor=1)).all()
    x = np.random.default_rng(0).normal(size=[1, 4096])
    np.save(tmp_path / "normal.npy", x)
    normal = run(raw | {"vectors": str(tmp_path / "normal.npy"), "moments": [0], "model": "softmax"})
    np.testing.assert_allclose(normal.least.sel(compressor="eden", target_gain=8).squeeze(), 4.0**-4, rtol=0.02)
    assert (normal.error.sel(compressor="eden") > normal.least.sel(compressor="eden")).all()
