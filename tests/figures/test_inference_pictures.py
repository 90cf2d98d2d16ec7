"""On the axes of the figures of remote inference: retrieval, sensors and split networks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import retrieval, retrieval_picture, sensors, split_inference, split_study
from overair.figures._tables import Rows
from overair.learning.data import Arrays
from tests.figures.reading import legend, lines, points, reach

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


# --- Sensors


def sensed(way: int, count: int, snr: float, seed: int) -> float:
    return 0.3 * way + 0.05 * count + snr / 200 + seed / 100


def sensor_rows() -> Rows:
    rows: list[tuple[str, ...]] = [
        (name, f"{count}", f"{snr:g}", f"{seed}", f"{sensed(way, count, snr, seed)}", "nan")
        for seed in (0, 1, 2)
        for count in sensors.COUNTS
        for way, name in enumerate(sensors.WAYS)
        for snr in reversed(sensors.SNRS)
    ]
    rows += [
        (f"error {name}", f"{count}", "0", "0", f"{way + 1 / count}", f"{5 + way + 1 / count}")
        for way, name in enumerate(sensors.WAYS)
        for count in sensors.COUNTS
    ]
    return [dict(zip(sensors.COLUMNS, row, strict=True)) for row in rows]


@pytest.fixture
def sensor_panels(figures: list[Figure], tmp_path: Path) -> list[Axes]:
    sensors.draw(sensor_rows(), tmp_path / "figure.png")
    return figures[0].axes


def test_a_number_of_sensors_has_its_colour_and_a_way_its_dash(sensor_panels: list[Axes]) -> None:
    panel, shown = sensor_panels[0], legend(sensor_panels[0])
    told = panel.get_legend()
    assert told is not None and shown == [*(f"K = {k}" for k in (1, 2, 4, 8)), "added over the air", "one by one"]
    looks = dict(zip(shown, told.get_lines(), strict=True))
    drawn = [(k, way) for k in (1, 2, 4, 8) for way in range(2 if k > 1 else 1)]
    for place, (line, (count, way)) in enumerate(zip(lines(panel), drawn, strict=True)):
        values = np.array([[sensed(way, count, snr, seed) for snr in sensors.SNRS] for seed in range(3)])
        np.testing.assert_allclose(points(line), [sensors.SNRS, values.mean(axis=0)], atol=1e-12)
        np.testing.assert_allclose(reach(panel, place), [values.min(axis=0), values.max(axis=0)], atol=1e-12)
        assert line.get_color() == looks[f"K = {count}"].get_color()
        assert line.get_linestyle() == looks[("added over the air", "one by one")[way]].get_linestyle()
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("SNR (dB)", "Test accuracy")


def test_theory_is_drawn_as_lines_and_what_was_simulated_as_points(sensor_panels: list[Axes]) -> None:
    panel, counts = sensor_panels[1], np.array([1, 2, 4, 8])
    *ways, floor = lines(panel)
    for way, (theory, found) in enumerate((ways[:2], ways[2:])):
        assert (theory.get_linestyle(), theory.get_marker()) == ("--" if way else "-", "None")
        assert found.get_linestyle() == "None" and found.get_color() == theory.get_color()
        np.testing.assert_allclose(points(theory), [counts, 5 + way + 1 / counts])
        np.testing.assert_allclose(points(found), [counts, way + 1 / counts])
    np.testing.assert_allclose(points(floor), [counts, 0.25 / counts])  # the mean of K views, of a variance of 1/4 each
    assert legend(panel) == ["added over the air", "one by one", "no channel noise"]


def test_the_table_of_sensors_has_theory_beside_what_was_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """N0 = 1 and views of a variance of 1/4: s2/K + N0 (1 + s2)/K^3 where features add, and K^2 where they do not."""
    monkeypatch.setattr(sensors, "simulate", lambda count, way, seed: [0.0 for _ in sensors.SNRS])
    head, *rows = sensors.rows()
    found = [dict(zip(head, row, strict=True)) for row in rows]
    for power, way in ((3, "added"), (2, "one_by_one")):
        for row in (each for each in found if each["what"] == f"error {way}"):
            k = float(row["sensors"])
            expected = 0.25 / k + 1.25 / k**power
            assert float(row["theory"]) == pytest.approx(expected, rel=1e-5)
            assert abs(float(row["value"]) - expected) < 4.5 * expected * (2 / 2**16) ** 0.5 + 2 / 2**14
    assert {row["sensors"] for row in found if row["what"] == "one_by_one"} == {"2", "4", "8"}
    assert {row["seed"] for row in found if row["what"] == "added"} == {"0", "1", "2"}


# --- Split networks

CUTS = ("input", "block1_pool", "block2_pool", "block3_pool", "dense", "logits")
COSTS: dict[
    tuple[str, str], Callable[[int], tuple[float, float, float]]
] = {  # accuracy, latency, energy by SNR's place
    ("digital", "input"): lambda at: (0.8, 0.5 / (at + 1), 0.4 / (at + 1)),
    ("digital", "logits"): lambda at: (0.795, 0.2, 0.1),
    ("analog", "block2_pool"): lambda at: (0.78 + at / 100, 0.01, 0.3),
    ("digital", "dense"): lambda at: (0.5, 1e-6, 1e-6),  # the cheapest, and not accurate enough
}
SNRS = (-10.0, 0.0, 10.0)


def split_rows() -> Rows:
    rows = [("unsplit", "", *"000", "0.8", *"0000000")]
    for (scheme, cut), costs in COSTS.items():
        for at, snr in enumerate(SNRS):
            accuracy, latency, energy = costs(at)
            rows.append(
                (scheme, cut, "8", "0", f"{snr:g}", f"{accuracy}", "9", "9", "1", "0", "0", f"{latency}", f"{energy}")
            )
    for cut in ("input", "block1_pool", "block3_pool"):
        rows += [("analog", cut, "0", "256", f"{snr:g}", "0.3", "0", "9", "1", "0", "0", "9", "9") for snr in SNRS]
    return [dict(zip(split_study.COLUMNS, row, strict=True)) for row in rows]


@pytest.fixture
def split_panels(figures: list[Figure], tmp_path: Path) -> list[Axes]:
    split_inference.draw(split_rows(), tmp_path / "figure.png")
    return figures[0].axes


@pytest.mark.parametrize(("place", "cost", "label"), [(0, 2, "Energy of the device (mJ)"), (1, 1, "Latency (ms)")])
def test_costs_are_in_thousandths_a_line_a_cut(split_panels: list[Axes], place: int, cost: int, label: str) -> None:
    panel = split_panels[place]
    drawn = {str(line.get_label()): line for line in lines(panel)}
    for (scheme, cut), costs in COSTS.items():
        line = drawn[f"{cut.replace('_', ' ')}, {scheme}"]
        np.testing.assert_allclose(points(line), [SNRS, [1000 * costs(at)[cost] for at in range(3)]])
        assert line.get_linestyle() == ("-" if scheme == "digital" else "--")
        assert (line.get_markerfacecolor() == "white") == (scheme == "analog")
    assert (panel.get_xlabel(), panel.get_ylabel(), panel.get_yscale()) == ("Mean SNR (dB)", label, "log")


def test_accuracies_stand_beside_that_of_the_whole_network_and_a_point_below(split_panels: list[Axes]) -> None:
    panel = split_panels[2]
    own = {line.get_color(): points(line) for line in lines(panel)}
    np.testing.assert_allclose(own[split_inference.COLOURS[2]], [SNRS, [0.78, 0.79, 0.80]])
    np.testing.assert_allclose(own["0.3"], [SNRS, [0.8, 0.8, 0.8]])
    (band,) = panel.patches
    edges = band.get_window_extent().transformed(panel.transData.inverted())
    np.testing.assert_allclose((edges.y0, edges.y1), (0.79, 0.80), atol=1e-9)


def test_the_best_cuts_are_the_cheapest_that_keep_the_accuracy(split_panels: list[Axes]) -> None:
    """Of energy the logits' until a raw image is cheaper still; of latency the analog cut's once it is accurate."""
    panel = split_panels[3]
    labels = [tick.get_text() for tick in panel.get_yticklabels()]
    curves = {str(line.get_label()): points(line) for line in lines(panel) if len(points(line)[0]) == 3}
    chosen = {name: [labels[round(y)] for y in values[1]] for name, values in curves.items() if "least" in name}
    assert chosen == {
        "least energy": ["logits", "logits", "logits"],
        "least latency": ["logits", "block2 pool", "block2 pool"],
    }
    marks = [line for line in lines(panel) if len(points(line)[0]) == 1]
    assert [line.get_markerfacecolor() == "white" for line in marks] == [False] * 4 + [True] * 2


def test_a_depth_may_cost_half_a_point_of_the_features_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those as they are, and not of the depth before: small losses must not add up."""
    accuracies = dict(zip(split_study.DEPTHS, (0.690, 0.694, 0.698, 0.702, 0.706, 0.714), strict=True))

    class Part:
        def predict(self, x: np.ndarray, *_: int) -> np.ndarray:
            return x

    class Quantiser:
        def __init__(self, depth: int) -> None:
            self.depth = depth

        @staticmethod
        def fit(examples: np.ndarray, depth: int) -> "Quantiser":
            return Quantiser(depth)

        def levels(self, x: np.ndarray) -> np.ndarray:
            return x

        def restored(self, levels: np.ndarray) -> np.ndarray:
            return np.full_like(levels, self.depth)

        def size(self, levels: np.ndarray) -> int:
            return 100 * self.depth

    def accuracy(server: object, features: np.ndarray, labels: np.ndarray) -> float:
        return accuracies.get(int(features.flat[0]), 0.710)

    monkeypatch.setattr(split_study, "cut", lambda model, name: (Part(), Part()))
    monkeypatch.setattr(split_study, "cuts", lambda model: ("input", "block1_pool", "logits"))
    monkeypatch.setattr(split_study, "Quantiser", Quantiser)
    monkeypatch.setattr(split_study, "_accuracy", accuracy)
    images, labels = np.zeros([2000, 2], np.float32), np.zeros(2000, int)
    data = Arrays(images, labels, images, labels, 10)
    depth, found, bits = split_study._digital(None, "block1_pool", data, 0.9)
    assert (depth, bits) == (6, 600) and found == pytest.approx(0.706)
