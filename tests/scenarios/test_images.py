"""Scenarios of images run from a file, go on where they stopped, and refuse what cannot be before any training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.cli import main
from overair.figures import draw
from overair.learning.images import training
from overair.learning.images.photographs import kodak
from overair.learning.images.schemes import ImageOutcome, Job
from overair.learning.images.schemes.deepjscc import Deepjscc
from overair.phy import Air, Awgn, Grid
from overair.scenarios import ScenarioError, run
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import curves, saved
from overair.scenarios.results.dataset import assemble
from overair.scenarios.results.tables import table
from overair.scenarios.studies import _images
from overair.scenarios.studies.images import Images

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
TOML = """
title = "Digits"
study = "images"
data = "digits"
scheme = [
    { kind = "deepjscc", network = "bourtsoulatze2019", epochs = 2, batch_size = 16 },
    { kind = "linear", block = 8 },
]
ratios = ["1/8", 0.25]
train_images = 40
test_images = 8

[link]
snr_db = [0, 10, 20]
"""
RAW: dict[str, Any] = {
    "title": "Digits",
    "study": "images",
    "data": "digits",
    "scheme": {"kind": "linear", "block": 8},
    "ratios": ["1/8", 0.25],
    "train_images": 40,
    "test_images": 8,
    "link": {"snr_db": [0, 10, 20]},
}
MEASURED = [each.name for each in Images.measures if not each.pixels]
NETWORK: dict[str, Any] = {"kind": "deepjscc", "network": "bourtsoulatze2019", "epochs": 2, "batch_size": 16}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def dataset_of(values: dict[str, float]) -> xr.Dataset:
    """Two schemes, two seeds, two ratios and three SNRs; what is not told is NaN."""
    plan = sweep(RAW | {"scheme": ["linear", "digital"], "seeds": [3, 1], "shown": 1, "side": 2})
    rng = np.random.default_rng(0)

    def unit() -> dict[str, np.ndarray]:
        numbers = {name: values.get(name, np.nan) * rng.uniform(0.5, 1, (2, 3)) for name in MEASURED}
        return numbers | {"picture": rng.random([2, 3, 1, 3, 4]), "original": rng.random([1, 3, 4])}

    return assemble(plan, [[unit() for _ in (3, 1)] for _ in range(2)], {})


# --- A run


def test_a_file_runs_to_results_that_explain_themselves_and_goes_on_bit_for_bit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("my.toml").write_text(TOML)
    whole = run("my.toml", out="whole")
    assert whole.psnr.dims == ("scheme", "seed", "ratio", "snr_db") and whole.psnr.shape == (2, 1, 2, 3)
    assert whole["ratio"].values.tolist() == [0.125, 0.25] and whole["snr_db"].values.tolist() == [0, 10, 20]
    assert {name: whole[name].attrs["units"] for name in ("psnr", "ratio", "snr_db", "elements")} == {
        "psnr": "dB",
        "ratio": "1",
        "snr_db": "dB",
        "elements": "1",
    }
    np.testing.assert_array_equal(whole.elements.sel(ratio=0.25), 16)  # of 8 x 8 samples
    assert np.all(np.diff(whole.psnr.isel(scheme=1), axis=-1) > 0) and np.all(whole.mean_psnr >= whole.psnr)

    kept, times = training.Keeper.on_epoch_end, []

    def stop(keeper: Any, *arguments: Any) -> None:
        kept(keeper, *arguments)
        times.append(1)
        if len(times) == 3:  # within the network of the second ratio
            raise KeyboardInterrupt

    monkeypatch.setattr(training.Keeper, "on_epoch_end", stop)
    with pytest.raises(KeyboardInterrupt):
        run("my.toml", out="parts")
    assert saved.load("parts").attrs["complete"] == 0
    resumed = run("my.toml", out="parts")
    assert len(times) == 4  # no epoch twice
    xr.testing.assert_identical(resumed, whole)
    xr.testing.assert_identical(run("my.toml", out="parts"), whole)
    assert len(times) == 4

    capsys.readouterr()
    assert main(["show", "whole"]) == main(["show", "whole/curve.csv"]) == 0
    printed = capsys.readouterr().out
    assert "PSNR/dB" in printed and "MS-SSIM" not in printed and Path("whole/figure.png").stat().st_size > 0
    found = curves.load("whole/curve.csv")
    np.testing.assert_allclose(found.psnr, whole.psnr, rtol=5.1e-6)


def test_networks_of_other_images_are_other_networks(tmp_path: Path) -> None:
    images, air = np.zeros([20, 8, 8, 1], np.float32), Air(Grid(), Awgn(), 1)
    scheme = Deepjscc()
    folders = {
        str(scheme._folder(Job(each, air, (0.25,), seed, tmp_path), 0.25))
        for each in (images, images + 1)
        for seed in (0, 1)
    }
    assert len(folders) == 4
    assert scheme._folder(Job(images.copy(), air, (0.25,), 0, tmp_path), 0.25) == scheme._folder(
        Job(images, air, (0.25,), 0, tmp_path), 0.25
    )


# --- Results


def test_a_curve_comes_back_as_the_dataset_it_was_to_six_digits(tmp_path: Path) -> None:
    before = dataset_of({"psnr": 30.0, "mean_psnr": 31.0, "lost": 0.0, "bits": 1e5, "elements": 512.0})
    curves.save(before, tmp_path / "curve.csv", "mine")
    after = curves.load(tmp_path / "curve.csv")
    assert after.attrs == before.attrs | {"preset": "mine"} and after.psnr.dims == before.psnr.dims
    for name in before.coords:
        xr.testing.assert_identical(after[name], before[name])
    for name in MEASURED:
        np.testing.assert_allclose(after[name], before[name], rtol=5.1e-6)
        assert after[name].attrs == before[name].attrs
    assert table(after)[0] == table(before)[0]


@pytest.mark.parametrize("values", [{}, {"psnr": 30.0}, {"psnr": 30.0, "ssim": 0.9}], ids=str)
def test_what_was_not_measured_or_no_longer_finite_is_saved_shown_and_drawn(
    values: dict[str, float], tmp_path: Path
) -> None:
    before = dataset_of(values)
    curves.save(before, tmp_path / "curve.csv")
    after = saved.load(tmp_path / "curve.csv")
    assert len(table(after)) == 1 + 2 * 2 * 3
    draw(after, tmp_path / "figure.png")
    draw(after.isel({"snr_db": [1], "scheme": 0}, drop=True), tmp_path / "point.png")


def test_one_snr_need_not_be_a_list() -> None:
    one, other = (run(RAW | {"scheme": RAW["scheme"], "link": {"snr_db": snr}}) for snr in (10, [10]))
    assert one["snr_db"].values.tolist() == [10] and np.array_equal(one.psnr, other.psnr)


def test_images_of_several_sizes_count_each_once() -> None:
    parts = []
    for count, each in ((1, 0.0), (3, 1.0)):
        image, mean = np.full((2, count), each), np.full(2, each)
        parts.append(ImageOutcome(image, image, image, *6 * [mean]))
    together = _images._together(parts, [1, 3])
    for name in ("lost", "bits", "elements", "papr_db"):
        np.testing.assert_allclose(getattr(together, name), 0.75)
    np.testing.assert_allclose(together.mse.mean(axis=1), 0.75)


# --- What cannot be


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"study": "sounds"}, "field study: expected one of aggregation, compression, diversity, factors, "),
        ({"ratios": ["1/0"]}, 'field ratios.0: expected a number or a fraction such as "1/12", received "1/0"'),
        ({"ratios": ["x"]}, "field ratios.0: expected a number or a fraction"),
        ({"ratios": ["1e400"]}, "field ratios.0: expected a finite number, received inf"),
        ({"ratios": [2]}, "field ratios.0: expected at most 1"),
        ({"ratios": []}, "field ratios: expected at least one value"),
        ({"ratios": ["1/8", 0.125]}, "field ratios: expected different values"),
        ({"ratios": [["1/8"], ["1/4"]]}, "field ratios: expected a list of numbers"),
        ({"ratios": [0.13]}, "field ratios: expected a whole number of symbols for images of 64 samples"),
        ({"link": {"snr_db": [float("nan")]}}, "field link.snr_db.0: expected a finite number"),
        ({"link": {"snr_db": [5, 5.0]}}, "field link.snr_db: expected different values"),
        ({"link": {"snr_db": []}}, "field link.snr_db: expected at least one value"),
        (
            {"link": {"snr_db": [[0, 10], [5]]}},
            "field link.snr_db: expected the same at all points of the sweep, [0.0, 10.0]",
        ),
        ({"test": "kodak"}, "field test: "),
        ({"scheme": "pigeon"}, "field scheme: expected one of deepjscc, digital, linear"),
        ({"scheme": {"kind": "digital", "codec": "gif"}}, "field scheme.codec: expected one of"),
        ({"scheme": {"kind": "deepjscc", "network": "softmax"}}, "field scheme.network: expected one of adaptive"),
        ({"scheme": NETWORK | {"low_db": 30}}, "deepjscc.high_db: expected at least low_db"),
        ({"scheme": NETWORK, "ratios": [3 / 64]}, "ratio: expected a whole number of channels over 32"),
        ({"scheme": {"kind": "deepjscc", "network": "adaptive"}}, "images: expected height and width that are mult"),
        (
            {"scheme": NETWORK | {"network": "refinement"}, "ratios": ["1/8", "3/16"]},
            "ratios: expected 0.09375, 0.1875",
        ),
        ({"scheme": NETWORK, "train_images": 12}, "train_images: expected a batch of 16"),
        ({"scheme": {"kind": "linear", "block": 3}}, "images: expected sides that are multiples of the block of 3"),
        ({"scheme": "linear"}, "images: expected sides that are multiples of the block of 32"),
        ({"scheme": {"kind": "linear", "block": 2}, "ratios": ["5/64"]}, "linear.ratio: expected a whole number of"),
        ({"scheme": "digital"}, "digital: expected test images of 3 colours, received 1"),
    ],
    ids=lambda each: None if isinstance(each, dict) else each[:60],
)
def test_what_cannot_be_is_one_line_before_any_training(
    change: dict[str, Any], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("training began")

    monkeypatch.delenv("OVERAIR_DATA", raising=False)
    monkeypatch.setattr("overair.learning.images.schemes.deepjscc.train", refuse)
    monkeypatch.setattr("overair.learning.images.schemes.linear.Klt.fit", refuse)
    if "scheme" in change:  # the fault is that of the last point of a sweep
        change = change | {"scheme": [RAW["scheme"], change["scheme"]]}
    with pytest.raises(ScenarioError) as refused:
        run(RAW | change)
    assert line in str(refused.value) and "\n" not in str(refused.value)
    assert str(refused.value).startswith("scenario field ")


def test_photographs_that_are_missing_or_damaged_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"^test: expected the 24 photographs of Kodak, received none: .*$"):
        kodak()
    folder = tmp_path / "kodak"
    folder.mkdir()
    Image.new("RGB", (6, 4), (255, 0, 51)).save(folder / "kodim01.png")
    with pytest.raises(ValueError, match=r"^[^\n]*kodim02.png[^\n]*$"):
        kodak()
    (folder / "kodim02.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"^[^\n]*kodim02.png: expected a whole PNG file, received a fault[^\n]*$"):
        kodak()
    for number in range(2, 25):
        size = (4, 6) if number < 5 else (6, 4)
        Image.new("RGB", size, (255, 0, 51)).save(folder / f"kodim{number:02d}.png")
    wide, high = kodak()
    assert wide.shape == (21, 4, 6, 3) and high.shape == (3, 6, 4, 3)
    np.testing.assert_allclose(high[0, 0, 0], [1, 0, 0.2], atol=1e-7)
