"""The example of split inference runs with someone's own network, goes on where it was interrupted, and is shown."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
import xarray as xr

from overair.cli import main
from overair.learning.data.digits import Digits
from overair.scenarios import run

EXAMPLE = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parent.parent)) / "examples" / "split_own_network.toml"
SMALL = ["seeds=[0]", "cut=[input, logits]", "link.snr_db=[-10, 10]", "features.steps=5", "features.symbols=8"]

pytestmark = [
    pytest.mark.skipif(not EXAMPLE.exists(), reason="no checkout: the wheel carries no examples"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras, when it saves
]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One that anybody might have: it ends in a softmax."""
    keras.utils.set_random_seed(0)
    layers, data = keras.layers, Digits().load()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(6, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, activation="softmax", name="logits"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(data.x_train, data.y_train, batch_size=16, epochs=3, verbose=0)
    path = tmp_path_factory.mktemp("network") / "my.keras"
    model.save(path)
    return str(path)


def test_it_has_twenty_lines_at_most() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 20


def test_an_interrupted_run_goes_on_with_the_same_bits_and_is_shown(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sets = [*SMALL, f"model.path={network}"]

    def interrupt(done: int, total: int) -> None:
        if done >= total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(EXAMPLE, sets, "runs/cut", interrupt)
    there = {file.name: file.stat().st_mtime_ns for file in Path("runs/cut/records").glob("*.npz")}
    assert 0 < len(there) < 4
    resumed = run(EXAMPLE, sets, "runs/cut")
    assert all((Path("runs/cut/records") / name).stat().st_mtime_ns == time for name, time in there.items())
    xr.testing.assert_identical(resumed, run(EXAMPLE, sets))
    assert dict(resumed.accuracy.sizes) == {"cut": 2, "features": 2, "seed": 1, "snr_db": 2}
    whole = np.mean(
        keras.models.load_model(network).predict(Digits().load().x_test, verbose=0).argmax(1) == Digits().load().y_test
    )
    np.testing.assert_allclose(resumed.whole, whole)
    assert main(["show", "runs/cut"]) == 0
    shown = capsys.readouterr().out
    assert "Where to cut my network" in shown and "figure: runs/cut/figure.png" in shown
    assert Path("runs/cut/figure.png").stat().st_size > 10_000


def test_a_network_with_other_weights_in_the_same_file_gives_new_records(network: str, tmp_path: Path) -> None:
    path = tmp_path / "own.keras"
    path.write_bytes(Path(network).read_bytes())
    sets = ["seeds=[0]", "cut=logits", "features=quantised", "link.snr_db=0", f"model.path={path}"]
    first = run(EXAMPLE, sets, tmp_path / "out")
    model = keras.models.load_model(path)
    model.set_weights([0 * weight for weight in model.get_weights()])
    model.save(path)
    second = run(EXAMPLE, sets, tmp_path / "out")
    assert float(first.accuracy.squeeze()) > 0.5 > float(second.accuracy.squeeze())
