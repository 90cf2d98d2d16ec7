"""The study of split inference is what the functions of learning give, whatever grows, stops or is shared."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import xarray as xr

from overair.learning.costs import Costs
from overair.learning.data import Arrays
from overair.learning.data.digits import Digits
from overair.learning.inference.split import training
from overair.learning.inference.split.cuts import cut, cuts
from overair.learning.inference.split.features import Cut, Examples, Features, accuracy_of
from overair.learning.inference.split.features.bottleneck import BottleneckFeatures
from overair.learning.inference.split.features.picture import Picture
from overair.learning.inference.split.features.quantised import Quantised
from overair.learning.inference.split.outage import NoOutage, PacketOutage
from overair.learning.models.vgg_like import VggLike
from overair.phy import Grid
from overair.scenarios import run
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.results import curves
from overair.scenarios.studies import check

CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"
CIFAR = Path(os.environ.get("OVERAIR_DATA", "/nowhere")) / "cifar-10-batches-bin"
BOTTLENECK = {"kind": "bottleneck", "symbols": 8, "steps": 5}
SMALL: dict[str, Any] = {
    "study": "split", "data": "digits", "model": "vgg_like", "epochs": 1, "batch_size": 128, "seeds": [1],
    "cut": "block1_pool", "features": BOTTLENECK, "link": {"channel": "rayleigh", "snr_db": [0, 10]},
}  # fmt: skip


def kept_apart(data: Arrays, share: float) -> tuple[Arrays, Examples]:
    """The data without a share of its training images, and these, drawn once from seed 0."""
    order = np.random.default_rng(0).permutation(len(data.y_train))
    apart, rest = order[: round(share * len(order))], order[round(share * len(order)) :]
    held_out = Examples(data.x_train[apart], data.y_train[apart])
    return data._replace(x_train=data.x_train[rest], y_train=data.y_train[rest]), held_out


@pytest.mark.parametrize(
    ("channel", "outage", "scheme", "features"),
    [
        ("rayleigh", PacketOutage(), "quantised", Quantised()),
        ("rayleigh", PacketOutage(), "picture", Picture()),
        ("awgn", NoOutage(), BOTTLENECK, BottleneckFeatures(symbols=8, steps=5)),
    ],
    ids=["quantised", "picture", "bottleneck"],
)
def test_a_result_is_what_the_functions_of_learning_give(
    channel: str, outage: PacketOutage, scheme: Any, features: Features
) -> None:
    grid, snrs = {"subcarriers": 30, "prefix": 3}, [0.0, 10.0]
    link = {"channel": channel, "snr_db": snrs}
    found = run(SMALL | {"features": scheme, "link": link, "grid": grid, "costs": {"compute_watts": 3.0}}).squeeze(
        "seed"
    )
    whole = Digits().load()
    data, held_out = kept_apart(whole, 0.1)
    model = VggLike().build((8, 8, 1), 10, 1)
    training.Training(epochs=1, batch_size=128).run(model, data, 1)
    place = Cut(*cut(model, "block1_pool"), "block1_pool", False, data, held_out, outage, Grid(**grid), 1)
    sent = features.send(place, snrs)
    np.testing.assert_array_equal(found.accuracy, sent.accuracy)
    np.testing.assert_array_equal(found.validation, sent.validation)
    np.testing.assert_array_equal(found.elements, sent.elements)
    assert float(found.whole) == accuracy_of(model, whole.x_test, whole.y_test)
    assert float(found.whole_validation) == accuracy_of(model, *held_out)
    assert (found.bits == sent.bits).all() and found.depth == sent.depth
    costs = Costs(compute_watts=3.0)
    seconds = costs.seconds(*features.parts(place))
    assert (float(found.device_s), float(found.server_s)) == seconds
    for at, snr in enumerate(snrs):
        bill = costs.bill(seconds, outage.airtime(int(sent.elements[at]), snr, Grid(**grid)))
        assert (float(found.latency_s[at]), float(found.energy_j[at])) == bill
        assert float(found.tries[at]) == outage.tries(snr)


def test_more_snrs_and_another_cut_use_what_was_trained_and_give_the_bits_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[bool | str] = []
    once, learnt = training.Training.run, BottleneckFeatures._learnt

    def run_once(*given: Any) -> None:
        trained.append(given[4] is None)
        once(*given)

    def learn(*given: Any) -> list[np.ndarray]:
        trained.append("symbols")
        return learnt(*given)

    monkeypatch.setattr(training.Training, "run", run_once)
    monkeypatch.setattr(BottleneckFeatures, "_learnt", learn)
    run(SMALL, [], tmp_path)
    assert trained == [True, "symbols"]
    grown = run(SMALL, ["link.snr_db=[0, 5, 10]", "cut=[block1_pool, logits]"], tmp_path)
    assert trained == [True, "symbols", False, "symbols"]  # the network from its file, once for both cuts
    whole = run(SMALL, ["link.snr_db=[0, 5, 10]", "cut=[block1_pool, logits]"])
    xr.testing.assert_identical(grown, whole)
    assert trained[4:] == [True, "symbols", "symbols"]


def test_a_training_that_was_interrupted_goes_on_and_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    sets = ["epochs=2", "features=quantised", "cut=logits"]

    def interrupt(done: int, total: int) -> None:
        if 0 < done < total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(SMALL, sets, tmp_path, interrupt)
    (network,) = (tmp_path / "networks").glob("split-network-*.npz")
    assert int(np.load(network)["arr_0"]) == 1
    whole = run(SMALL, sets)
    xr.testing.assert_identical(run(SMALL, sets, tmp_path), whole)
    assert int(np.load(network)["arr_0"]) == 2
    network.write_bytes(network.read_bytes()[:1000])
    again = run(SMALL, [*sets, "link.snr_db=[0, 10, 20]"], tmp_path)
    xr.testing.assert_equal(again.sel({"snr_db": [0, 10]}), whole)


def test_a_network_that_brings_its_weights_is_not_trained_unless_asked() -> None:
    def epochs(scenario: dict[str, Any]) -> Any:
        return check(scenario).model_dump()["epochs"]

    saved = {"kind": "saved", "path": "my.keras"}
    scenario = SMALL | {"model": saved}
    del scenario["epochs"]
    assert epochs(scenario) == 0 and epochs(scenario | {"model": "vgg_like"}) == 7
    assert epochs(SMALL | {"model": saved}) == 1


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras, when it saves
@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (
            ["cut=block9"],
            "scenario field cut: expected a layer whose output alone goes on, received 'block9', which is no",
        ),
        (
            ["link.channel=tdl"],
            "scenario field link.channel: expected awgn or rayleigh, as outage has a closed form there",
        ),
        (
            ["link.antennas=2"],
            "scenario field link.antennas: expected 1, as outage has a closed form there, received 2",
        ),
        (["batch_size=5000"], "scenario field batch_size: expected at most the 1293 training images, received 5000"),
        (["model={kind=saved, path=none.keras}"], "scenario field model: saved.path: expected a file that model.save "),
        (
            ["model={kind=saved, path=memory.keras}", "cut=input"],
            "scenario field model: flops: expected convolutions and",
        ),
        (
            ["features.high_db=-20"],
            "scenario field features: bottleneck.high_db: expected at least low_db = -10, received",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else each[0],
)
def test_what_cannot_be_done_is_said_in_one_line_before_anything_is_trained(
    sets: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "memory.keras" in sets[0]:
        layers = keras.layers
        keras.Sequential([keras.Input((8, 8, 1)), layers.Reshape((8, 8)), layers.LSTM(10)]).save("memory.keras")
    monkeypatch.setattr(training.Training, "run", None)
    with pytest.raises(ScenarioError) as error:
        run(SMALL | {"cut": ["input", "logits"]}, sets, tmp_path / "out")
    assert str(error.value).startswith(said) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_the_preset_cuts_where_its_network_can_be_cut() -> None:
    from overair.scenarios.reading import files
    from overair.scenarios.reading.sweep import sweep

    plan = sweep(files.read("split_inference")[1])
    assert {*plan.axes["cut"]} <= {*cuts(VggLike().build((32, 32, 3), 10, 0))}
    assert plan.points[0].scenario.epochs == 7


@pytest.mark.slow
@pytest.mark.skipif(not CIFAR.is_dir(), reason="needs CIFAR-10: $OVERAIR_DATA/cifar-10-batches-bin is not there")
def test_points_of_the_curve_that_is_kept_come_out_again() -> None:
    """By processes of one thread, as the curve; elsewhere trainings part, by 4.5 deviations of 1 % between them."""
    kept = curves.load(CURVES / "split_inference.csv")
    for way in ("quantised", "bottleneck"):
        changes = ["cut=block3_pool", f"features={way}", "link.snr_db=[-10, 10]", "seeds=[0]"]
        again = run("split_inference", changes, processes=2)
        there = kept.sel(cut="block3_pool", features=way).sel({"snr_db": [-10.0, 10.0], "seed": [0]})
        assert float(abs(again.accuracy - there.accuracy).max()) < 0.045
        np.testing.assert_allclose(again.bits, there.bits, rtol=0.1)
        np.testing.assert_allclose(again.device_s, there.device_s, rtol=1e-4)
