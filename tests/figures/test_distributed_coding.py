"""The figure of distributed coding: bits and errors over the batch, from a run and from nothing else."""

from pathlib import Path

import pytest

from overair.figures.distributed_coding import draw, draw_folder
from overair.scenarios import run

SCENARIO = {
    "data": "digits", "model": "softmax", "devices": 4, "rounds": 1, "grant": {"elements": 2000},
    "link": {"channel": "awgn", "snr_db": 60},
}  # fmt: skip
PLAIN = {"kind": "digital", "compressor": {"kind": "nested", "first": 1.0}}
NESTED = {"kind": "digital", "compressor": "nested"}


def test_bits_and_errors_are_drawn_over_batches(tmp_path: Path) -> None:
    drawn = run(
        {**SCENARIO, "batch_size": [10, 100], "uplink": [PLAIN | {"label": "plain"}, NESTED]},
        out=tmp_path / "distributed_coding",
    )
    draw(drawn, tmp_path / "bits.png")
    assert (tmp_path / "bits.png").stat().st_size > 10_000
    draw_folder(tmp_path, tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "bits.png").read_bytes()


def test_one_batch_makes_no_figure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several values of batch_size"):
        draw(run({**SCENARIO, "batch_size": 10, "uplink": [PLAIN, NESTED]}), tmp_path / "bits.png")
