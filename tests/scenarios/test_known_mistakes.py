"""Mistakes that once went unseen: what a scenario says goes where it belongs, and results stay finite."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from overair.learning.data import Arrays
from overair.learning.images.schemes import ImageOutcome
from overair.phy import Air, Amplifier, Beamforming, Delayed, ErrorVariance, Grid, Rician, TimingOffset
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.studies import _images, check
from overair.scenarios.studies._air import air_of

LINK = {
    "snr_db": 3.0,
    "channel": {"kind": "rician", "k_db": 2.0},
    "antennas": 3,
    "combiner": {"kind": "beamforming", "iterations": 4},
    "impairments": [{"kind": "timing_offset", "high": 2.0}, {"kind": "amplifier", "backoff_db": 9.0}],
    "csit": {"kind": "delayed", "slots": 2},
    "csir": {"kind": "error_variance", "e": 0.2},
    "domain": "time",
    "coherence": "sample",
    "oversampling": 4,
    "power_offsets_db": [0.0, -2.0],
}


def test_every_word_of_a_link_reaches_its_place_in_the_air() -> None:
    raw = {"data": "digits", "model": "softmax", "devices": 4, "rounds": 1, "uplink": "ideal"}
    air = air_of(check(raw | {"link": LINK, "grid": {"subcarriers": 32, "prefix": 12, "advance": 2}}), 4)
    assert air == Air(
        Grid(subcarriers=32, prefix=12, advance=2),
        Rician(2.0),
        devices=4,
        antennas=3,
        combiner=Beamforming(4),
        impairments=(TimingOffset(high=2.0), Amplifier(9.0)),
        csit=Delayed(2),
        csir=ErrorVariance(0.2),
        domain="time",
        coherence="sample",
        oversampling=4,
        power_offsets_db=(0.0, -2.0),
    )
    assert set(LINK) - {"snr_db"} == {field.name for field in dataclasses.fields(Air)} - {"grid", "devices"}


@pytest.mark.parametrize(("count", "kept"), [(None, [3, 4]), (7, [3, 4]), (5, [3, 2]), (3, [3]), (1, [1])])
def test_so_many_test_images_are_those_of_all_sizes_together(count: int | None, kept: list[int]) -> None:
    raw: dict[str, Any] = {
        "study": "images",
        "data": "digits",
        "test": "kodak",
        "scheme": {"kind": "linear", "block": 8},
    }
    (point,) = sweep(raw | {"ratios": [0.25]} | ({} if count is None else {"test_images": count})).points
    images, labels = np.random.default_rng(0).random((40, 8, 8, 1), np.float32), np.zeros(40, np.int32)
    photographs = [np.zeros((3, 8, 16, 1), np.float32), np.ones((4, 16, 8, 1), np.float32)]
    data = Arrays(images, labels, images, labels, 10)
    shared = {f"data {point.scenario.data.model_dump_json(exclude={'label'})}": data, "kodak": photographs}
    parts = _images.prepare(point.scenario, shared)
    assert [len(some) for some in parts.tested] == kept
    assert all(some.shape[1:] == whole.shape[1:] for some, whole in zip(parts.tested, photographs, strict=False))


def test_images_that_arrive_without_an_error_have_the_psnr_of_rounding_to_bytes() -> None:
    mse = np.array([[0.0, 0.0], [0.0, 1e-2]])  # [S, N]
    nothing, one = np.full([2, 2], np.nan), np.ones(2)
    found = _images._measures(ImageOutcome(mse, nothing, nothing, *6 * [one]))
    ceiling = 10 * np.log10(12 * 255**2)
    np.testing.assert_allclose(found["psnr"], [ceiling, -10 * np.log10(5e-3)])
    np.testing.assert_allclose(found["mean_psnr"], [ceiling, (ceiling + 20) / 2])
