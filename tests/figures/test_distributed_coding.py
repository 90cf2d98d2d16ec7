"""The figure of distributed coding: bits and errors over the batch, from a run and from nothing else."""

from pathlib import Path

import pytest

from overair.figures import write
from overair.figures.distributed_coding import plot, plot_folder
from overair.scenarios import run
from overair.scenarios.results.saved import load

SCENARIO = {
    "data": "digits", "model": "softmax", "devices": 4, "rounds": 1, "grant": {"elements": 2000},
    "link": {"channel": "awgn", "snr_db": 60},
}  # fmt: skip
PLAIN = {"kind": "digital", "compressor": {"kind": "nested", "first": 1.0}}
NESTED = {"kind": "digital", "compressor": "nested"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It holds the folder of a run by the preset's name."""
    made = tmp_path_factory.mktemp("runs")
    scenario = {**SCENARIO, "batch_size": [10, 100], "uplink": [PLAIN | {"label": "plain"}, NESTED]}
    run(scenario, out=made / "distributed_coding")
    return made


def test_bits_and_errors_are_drawn_over_batches(folder: Path, tmp_path: Path) -> None:
    write(plot(load(folder / "distributed_coding")), tmp_path / "bits.png")
    assert (tmp_path / "bits.png").stat().st_size > 10_000
    write(plot_folder(folder), tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "bits.png").read_bytes()


def test_one_batch_makes_no_figure(folder: Path) -> None:
    with pytest.raises(ValueError, match="several values of batch_size"):
        plot(load(folder / "distributed_coding").isel(batch_size=0))
