"""The example that sends images says in one line what is wrong with its command, and draws what arrives."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.checkout import CHECKOUT, example

EXAMPLE = CHECKOUT / "examples" / "pictures.py"

pytestmark = pytest.mark.skipif(not EXAMPLE.exists(), reason="no checkout: the wheel carries no examples")


@pytest.fixture(scope="module")
def pictures() -> Any:
    return example("pictures")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--snr", "nan"], "--snr: expected finite decibels, received [nan]"),
        (["--images", "0"], "--images: expected at least 1, received 0"),
        (["--share", "1.5"], "--share: expected more than 0, at most 1, received 1.5"),
        (["--out", "nowhere/figure.png"], "--out: expected a .png, .pdf or .svg in a folder that exists"),
        ([], "none.keras: expected a transmission saved as .keras, found no such file"),
    ],
)
def test_what_is_wrong_with_the_command_is_said(
    pictures: Any, arguments: list[str], told: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as end:
        pictures.main(["none.keras", *arguments])
    assert end.value.code == 2
    assert f"error: {told}" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
def test_a_saved_transmission_sends_the_first_images(
    pictures: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from overair.learning.images import Transmission, photographs
    from overair.learning.over_air import OverAir
    from overair.phy import Air, Awgn, Grid

    images = np.random.default_rng(0).uniform(size=[3, 8, 8, 3]).astype(np.float32)
    encoder = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 2, 2)])
    decoder = keras.Sequential([keras.Input((4, 4, 4)), keras.layers.Conv2DTranspose(3, 2, 2)])
    model = Transmission(encoder, OverAir(Air(Grid(), Awgn(), devices=1)), decoder)
    model(images, snr_db=10.0)
    model.save(tmp_path / "model.keras")
    monkeypatch.setattr(photographs, "kodak", lambda: [images])
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *arguments, **options: drawn.append(figure))
    out = str(tmp_path / "figure.png")
    pictures.main([str(tmp_path / "model.keras"), "--kodak", "--images", "2", "--snr", "0", "20", "--out", out])
    shown = [np.asarray(panel.get_images()[0].get_array()) for panel in drawn[0].axes]
    assert len(shown) == 2 and shown[0].shape == (8, 3 * 9 - 1, 3)
    np.testing.assert_allclose([each[:, :8] for each in shown], images[:2])
