"""The study of retrieval: its parts fit together, and what its table claims."""

import os
from pathlib import Path

import numpy as np
import pytest

from overair.figures import retrieval as study
from overair.figures import retrieval_picture as figure
from overair.learning.inference.retrieval import embedding
from overair.learning.inference.retrieval.evaluate import evaluate
from overair.phy import keys
from overair.scenarios import ScenarioError

CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"
GIVEN = Path(os.environ.get("OVERAIR_DATA") or "nowhere", "omniglot")


def rows(seeds: int = 2) -> list[dict[str, str]]:
    """Of the right shape, with numbers of no meaning."""
    ways = (*figure.SHOWN, *study.TRAINED)
    made = []
    for channel in study.AIRS:
        for place, way in enumerate(ways):
            for snr in study.SNRS:
                for seed in range(seeds):
                    value = 0.5 + 0.4 * np.tanh((snr - 3 * place + seed) / 9)
                    made.append((channel, way, f"{snr:g}", str(seed), *[f"{value:.4g}"] * 7))
    return [dict(zip(study.COLUMNS, row, strict=True)) for row in made]


def test_the_study_is_drawn_into_a_file(tmp_path: Path) -> None:
    figure.draw(rows(), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 50_000


def test_a_table_is_simulated_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, file = rows(1), tmp_path / "curves" / "retrieval.csv"
    monkeypatch.setattr(study, "rows", lambda seeds: iter([study.COLUMNS, *(tuple(row.values()) for row in given)]))
    assert study.table(file, [0]) == given
    monkeypatch.setattr(study, "rows", lambda seeds: iter(()))
    assert study.table(file, [0]) == given
    about = [line for line in file.read_text().splitlines() if line.startswith("# ")]
    assert about[0] == "# study retrieval" and "overair" in about[1] and about[2] == "# seeds [0]"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", ",".join(study.COLUMNS) + "\nAWGN,analog" + ",high" * 9 + "\n"])
def test_a_table_that_is_none_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "retrieval.csv").write_text(content)
    with pytest.raises(ScenarioError, match="^.*retrieval.csv: expected a curve of overair as CSV; [^\n]*$"):
        study.table(tmp_path / "retrieval.csv", [0])


def test_coarse_pictures_are_means_of_the_fine_ones() -> None:
    fine = np.random.default_rng(0).random([3, 2, 56, 56, 1]).astype(np.float32)
    coarse = study.Pictures.of(fine).coarse
    assert coarse.shape == (3, 2, 28, 28, 1)
    np.testing.assert_allclose(coarse[2, 1, 5, 9, 0], fine[2, 1, 10:12, 18:20].mean(), rtol=1e-6)


@pytest.mark.slow
def test_in_the_table_analog_comes_to_its_baseline_and_real_codes_stay_far_below() -> None:
    table = study.table(CURVES / "retrieval.csv", [])
    at = {snr: place for place, snr in enumerate(study.SNRS)}
    best = figure.over_seeds(table, "AWGN", figure.NOISELESS).mean(axis=0)[0]
    error = (0.25 / 2636 / 3) ** 0.5  # at most, of a mean over three seeds
    for channel in {row["channel"] for row in table}:
        way = "analog, -12 to 18 dB" if channel == "AWGN" else "analog, through fading"
        joint = figure.over_seeds(table, channel, way).mean(axis=0)
        assert np.all(np.diff(joint) > -3 * error) and joint[at[18.0]] > best - 0.03
        for kind in ("learnt digital", "picture"):
            real, ideal = (
                figure.over_seeds(table, channel, f"{kind}, {rate}").mean(axis=0) for rate in ("LDPC", "capacity")
            )
            assert np.all(joint[: at[9.0]] > real[: at[9.0]]) and joint[at[0.0]] > real[at[0.0]] + 0.2
            assert np.all(ideal[at[-3.0] :] > real[at[-3.0] :])
    learnt = figure.over_seeds(table, "AWGN", "learnt digital, capacity").mean(axis=0)
    joint = figure.over_seeds(table, "AWGN", "analog, -12 to 18 dB").mean(axis=0)
    assert joint[at[-6.0]] > learnt[at[-6.0]] + 0.2  # at high SNR the best possible codes are as good
    assert abs(joint[at[15.0]] - learnt[at[15.0]]) < 5 * error


@pytest.mark.slow
@pytest.mark.skipif(not GIVEN.is_dir(), reason="needs the folder omniglot in $OVERAIR_DATA")
def test_a_short_study_of_a_few_characters_orders_the_ways() -> None:
    from overair.learning.data import omniglot

    data = omniglot.load(56)
    learn, other = study.Pictures.of(data.train[:300]), study.Pictures.of(data.test[:60])
    made = study.train(learn, 0, embedding.train(learn.coarse, 500, 0), 150)
    found = {
        (channel, name): evaluate(way, (0.0, 60.0), 1, keys.key(1))
        for channel, name, way in study.ways_of(made, other)
        if channel == "AWGN" and "LDPC" not in name
    }
    best = found["AWGN", figure.NOISELESS][0].top1
    error = (0.25 / 240) ** 0.5
    assert best > 0.5
    for name in study.TRAINED:
        if ("AWGN", name) in found:
            assert abs(found["AWGN", name][1].top1 - best) < 4 * error  # without noise it is a baseline too
            assert found["AWGN", name][0].top1 > found["AWGN", "picture, capacity"][0].top1
