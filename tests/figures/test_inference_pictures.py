"""On the axes of the figure of retrieval."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from overair.figures import retrieval, retrieval_picture
from overair.figures._tables import Rows
from tests.figures.reading import lines, points, reach

# --- Retrieval


def retrieved(channel: int, way: int, snr: float, seed: int) -> float:
    """A number that says what it is of."""
    return 0.1 * channel + 0.01 * way + snr / 1000 + seed / 500


WAYS = [*retrieval_picture.SHOWN, *retrieval.TRAINED]


def retrieval_rows() -> Rows:
    rows = []
    for channel, name in enumerate(retrieval_picture.CHANNELS):
        for at, way in enumerate(WAYS):
            for snr in retrieval.SNRS:
                for seed in (0, 1, 2):
                    first = retrieved(channel, at, snr, seed)
                    values = (f"{first + place}" for place in range(7))
                    rows.append((name, way, f"{snr:g}", f"{seed}", *values))
    return [dict(zip(retrieval.COLUMNS, row, strict=True)) for row in rows]


def test_every_channel_has_its_panel_with_top_1_of_all_ways(figures: list[Figure], tmp_path: Path) -> None:
    """Analog over AWGN is what was trained there, elsewhere what was trained through fading."""
    retrieval_picture.draw(retrieval_rows(), tmp_path / "figure.png")
    assert retrieval_picture.CHANNELS == tuple(retrieval.AIRS)
    for channel, panel in enumerate(figures[0].axes):
        assert panel.get_title() == retrieval_picture.CHANNELS[channel]
        for place, (line, name) in enumerate(zip(lines(panel), retrieval_picture.SHOWN, strict=True)):
            trained = "analog, through fading" if channel else "analog, -12 to 18 dB"
            way = WAYS.index(trained if name == "analog" else name)
            values = np.array([[retrieved(channel, way, snr, seed) for snr in retrieval.SNRS] for seed in range(3)])
            np.testing.assert_allclose(points(line), [retrieval.SNRS, values.mean(axis=0)])
            np.testing.assert_allclose(reach(panel, place), [values.min(axis=0), values.max(axis=0)])
            assert line.get_label() == name and panel.get_xlabel() == "SNR (dB)"
    assert figures[0].axes[0].get_ylabel() == "Top-1 accuracy"
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == list(retrieval_picture.SHOWN)


def test_top_k_is_the_share_found_among_the_first_k(monkeypatch: pytest.MonkeyPatch) -> None:
    class Scores:
        cmc = np.arange(1, 101) / 1000  # at rank k: k/1000
        mean_precision = 0.5

    class Omniglot:
        @staticmethod
        def load(side: int) -> tuple[np.ndarray, np.ndarray]:
            return np.zeros([2, 14, side, side, 1]), np.zeros([2, 14, side, side, 1])

    monkeypatch.setattr(retrieval, "omniglot", Omniglot)
    monkeypatch.setattr(retrieval, "train", lambda *_: None)
    monkeypatch.setattr(retrieval, "ways_of", lambda *_: iter([("AWGN", "analog", None)]))
    monkeypatch.setattr(retrieval, "evaluate", lambda way, snrs, *_: [Scores() for _ in snrs])
    head, *rows = retrieval.rows([3])
    assert len(rows) == len(retrieval.SNRS)
    for row, snr in zip(rows, retrieval.SNRS, strict=True):
        found = dict(zip(head, row, strict=True))
        assert {name: float(found[name]) for name in head[4:-1]} == {f"top{k}": k / 1000 for k in (1, 2, 3, 5, 10, 20)}
        assert (found["snr_db"], found["seed"], float(found["mean_average_precision"])) == (f"{snr:g}", "3", 0.5)
