"""Tables and summaries say where a rival is hardly heard and why, and which bits took no elements."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair import told
from overair.learning.images.schemes import Job, Trial
from overair.learning.images.schemes.digital import DigitalImages
from overair.learning.inference.retrieval import ranking
from overair.learning.inference.retrieval.evaluate import Labels, Packets, Rung, evaluate
from overair.learning.inference.retrieval.packets import Carrier
from overair.ota.rates.capacity import Capacity
from overair.phy import Air, Awgn, Grid, Rayleigh, keys
from overair.scenarios import run
from overair.scenarios.results import curves, remarks, tables

SUMS: dict[str, Any] = {
    "study": "aggregation", "devices": 8, "rounds": 30, "seeds": [0, 1], "entries": 128,
    "uplink": ["analog", "digital"], "link": {"snr_db": [-30.0, 20.0]},
}  # fmt: skip


def results(unheard: list[float], silent: list[float]) -> xr.Dataset:
    """Of an uplink at some SNRs, the same for two seeds but for 0.1 more and less of what is not heard."""
    dims, shape = ("uplink", "snr_db", "seed", "round"), (1, len(unheard), 2, 1)
    more = np.reshape([-0.1, 0.1], [1, 1, 2, 1])
    given = {"unheard": np.reshape(unheard, [1, -1, 1, 1]) + more, "silent": np.reshape(silent, [1, -1, 1, 1])}
    given |= dict.fromkeys(("accuracy", "loss", "bits"), np.array(0.5))
    data = {name: (dims, np.broadcast_to(values, shape)) for name, values in given.items()}
    coordinates = {"uplink": ["digital"], "snr_db": 10.0 * np.arange(len(unheard)), "seed": [0, 1], "round": [10]}
    return xr.Dataset(data, coordinates, {"study": "federated"})


def test_a_point_has_a_mark_where_the_mean_of_seeds_is_less_than_half_heard() -> None:
    found = remarks.marks(results([0.2, 0.49, 0.51, 0.9, 0.9, np.nan], [0, 0, 0, 0.1, 0.8, np.nan]))
    assert found is not None and found.squeeze().values.tolist() == ["", "", "x", "x", "o", ""]


def test_a_table_marks_the_main_measure_and_says_below_what_the_marks_mean() -> None:
    dataset = results([0.2, 0.9, 0.8], [0, 0.1, 0.7])
    assert [row[2] for row in tables.table(dataset)[1:]] == ["0.5000 +- 0.0000" + mark for mark in ("", " x", " o")]
    below = list(tables.notes(dataset))
    assert below[:2] == [
        "o where fewer than half are heard; most others send nothing: too few bits fit, or a rule says so",
        "x where fewer than half are heard; what most others send is lost",
    ]
    assert not [*tables.notes(results([0.2], [0.0]))] and not [*remarks.points(results([0.2], [0.0]))]


def test_the_summary_names_each_point_with_the_shares(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told.report(results([0.2, 0.9, 0.8], [0, 0.1, 0.7]), tmp_path / "figure.png")
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("hardly heard: 2 points")
    assert lines[at + 1 : at + 3] == [
        "  uplink = digital, snr_db = 10: 10% heard, 10% silent, 80% lost",
        "  uplink = digital, snr_db = 20: 20% heard, 70% silent, 10% lost",
    ]
    told.report(results([0.9] * 30, [0.0] * 30), tmp_path / "figure.png")
    lines = capsys.readouterr().out.splitlines()
    assert "hardly heard: 30 points, of which 20 follow" in lines
    assert sum(line.endswith("lost") and line.startswith("  uplink") for line in lines) == 20


def test_what_a_result_does_not_know_of_those_unheard_is_left_out() -> None:
    assert [*remarks.points(results([0.9], [np.nan]))] == ["uplink = digital, snr_db = 0, round = 10: 10% heard"]


def test_results_of_before_and_of_searches_have_no_marks() -> None:
    old = results([0.9], [0.0]).drop_vars(["silent", "unheard"])
    assert remarks.marks(old) is None and [*remarks.free(old)] == [] == [*remarks.points(old)]
    searched = old.assign_attrs(find='{"over": "snr", "unit": "dB", "target": "accuracy >= 0.5"}')
    assert remarks.marks(searched) is None


def test_a_run_is_told_as_it_was_also_when_it_is_read_from_its_curve(tmp_path: Path) -> None:
    """At -30 dB no digital device can afford a bit; the analog level takes 32 bits of each of 8 devices."""
    made = run(SUMS, out=tmp_path)
    for dataset in (made, curves.load(tmp_path / "curve.csv")):
        marks = remarks.marks(dataset)
        assert marks is not None and marks.values.tolist() == [["", ""], ["o", ""]]
        assert [*remarks.points(dataset)] == ["uplink = digital, snr_db = -30: 0% heard, 100% silent, 0% lost"]
        free = "bits of a round that take no elements: levels told, channel feedback, acknowledgements; "
        assert [*remarks.free(dataset)] == [free + "up to 256 (analog)"]


def test_what_is_free_is_told_by_the_axis_that_it_differs_along() -> None:
    bits = np.array([[0.0, 640.0], [0.0, 640.0]])
    along = {"partition": ["iid", "classes"], "uplink": ["digital", "analog"], "seed": [0]}
    dataset = xr.Dataset({"free_bits": ([*along], bits[..., None])}, along, {"study": "federated"})
    assert [line.rpartition("; ")[2] for line in remarks.free(dataset)] == ["up to 640 (analog)"]
    alike = dataset.isel(uplink=[1, 1])
    assert [line.rpartition("; ")[2] for line in remarks.free(alike)] == ["up to 640"]
    many = {"variant": [f"rule {k}" for k in range(6)], "seed": [0]}
    differ = xr.Dataset({"free_bits": ([*many], np.arange(6.0)[:, None] * 1000)}, many, {"study": "federated"})
    assert [line.rpartition("; ")[2] for line in remarks.free(differ)] == ["up to 5,000, by variant"]
    one = dataset.isel(partition=0, uplink=1, drop=True)
    assert [line.rpartition("; ")[2] for line in remarks.free(one)] == ["up to 640"]


def test_what_is_fed_back_of_channels_is_named_free_for_both() -> None:
    """Five bits of each of 64 subcarriers, of 8 devices."""
    made = run(SUMS, ["link.csit=quantized_feedback", "link.snr_db=[20]", "rounds=2", "seeds=[0]"])
    (line,) = remarks.free(made)
    assert line.endswith("; up to 2,816 (analog), up to 2,568 (digital)")
    np.testing.assert_array_equal(made.free_bits.sel(uplink="digital"), 2568)
    assert np.all(made.bits.sel(uplink="digital") > 2568)


def test_pilots_stand_in_the_table_where_there_are_any() -> None:
    known = ["link.csit=estimated", "link.csir=estimated", "link.snr_db=[20]", "rounds=2", "seeds=[0]"]
    rows = tables.table(run(SUMS, known))
    assert float(rows[1][rows[0].index("pilots")].replace(",", "")) > 0
    assert "pilots" not in tables.table(run(SUMS, known[2:]))[0]


def test_queries_that_are_answered_by_a_guess_are_silent_or_lost() -> None:
    count = 24
    labels = Labels(np.arange(count), np.arange(count))
    rung = Rung(np.full(count, 20.0), ranking.Found(np.ones([count, 20]), np.ones(count)))
    still, fading = (Air(Grid(), channel, 1) for channel in (Awgn(), Rayleigh()))
    for snr_db, shares in ((-10.0, (1.0, 1.0)), (20.0, (0.0, 0.0))):  # 16 elements carry 2.2 bits, or 106
        (scores,) = evaluate(Packets(labels, [rung], Carrier(still, Capacity(), 16, count)), [snr_db], 1, keys.key(0))
        assert (scores.silent, scores.unheard) == shares
    (scores,) = evaluate(Packets(labels, [rung], Carrier(fading, Capacity(0.3), 16, count)), [20.0], 50, keys.key(0))
    assert scores.silent < 0.02 and abs(scores.unheard - 0.3) < 4.5 * (0.3 * 0.7 / 50 / count) ** 0.5 + 0.02


def test_images_of_which_no_quality_fits_are_silent() -> None:
    """At -20 dB a 32 x 32 image has room for 22 bits."""
    images = np.random.default_rng(0).random([4, 32, 32, 3]).astype(np.float32)
    air = Air(Grid(), Awgn(), 1)
    ready = DigitalImages(rate=Capacity()).ready(Job(images, air, (0.5,), 0))
    outcome = ready(0.5, Trial(images, (-20.0, 30.0), 1, keys.key(1), False))
    np.testing.assert_array_equal(outcome.silent, [1.0, 0.0])
    np.testing.assert_array_equal(outcome.lost, [1.0, 0.0])
