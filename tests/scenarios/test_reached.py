"""What a level took: linear between evaluations, the first crossing, and seeds that never get there count."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair import told
from overair.cli import main
from overair.scenarios import ScenarioError
from overair.scenarios.results import curves, reached


def results(accuracy: np.ndarray, rounds: list[int], stopped: np.ndarray | None = None) -> xr.Dataset:
    """Of uplinks and seeds [U, S, T]: 100 elements a round, 10 more of pilots, and bits that grow with the round."""
    dims = ("uplink", "seed", "round")
    uplinks, seeds, _ = np.shape(accuracy)
    costs = {"resource_elements": 100.0, "pilot_elements": 10.0, "airtime": 0.5}
    data: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        name: (dims, np.broadcast_to(value, np.shape(accuracy))) for name, value in costs.items()
    }
    data["bits"] = (dims, np.broadcast_to(np.asarray(rounds, float), np.shape(accuracy)))
    data |= {"accuracy": (dims, np.asarray(accuracy, float)), "loss": (dims, 1 - np.asarray(accuracy, float))}
    data["stopped_at"] = (dims[:2], np.full([uplinks, seeds], -1.0) if stopped is None else stopped)
    names = ["ideal", "analog", "digital"][:uplinks]
    coordinates = {"uplink": names, "seed": range(seeds), "round": rounds}
    return xr.Dataset(data, coordinates, {"study": "federated"})


def test_a_level_is_reached_between_evaluations_and_counts_once() -> None:
    dataset = results(np.array([[[0.3, 0.7, 0.65, 0.85, 0.9]]]), [1, 2, 3, 4, 5])
    for level, expected in ((0.8, 3.75), (0.68, 1.95), (0.3, 1.0), (0.1, 1.0), (0.9, 5.0), (0.95, np.inf)):
        found = reached.reached(dataset, reached.goal(dataset, f"accuracy={level}"))
        assert np.allclose(found.rounds, expected) and found.rounds.dims == ("uplink", "seed")
        assert np.allclose(found.elements, 110 * expected) and np.allclose(found.airtime, 0.5 * expected)


def by_hand(values: np.ndarray, paid: np.ndarray, level: float) -> float:
    for at, value in enumerate(values):
        if value >= level:
            return float(paid[0] if at == 0 else np.interp(level, values[at - 1 : at + 1], paid[at - 1 : at + 1]))
    return np.inf


def test_costs_are_those_of_all_rounds_before() -> None:
    rng, rounds = np.random.default_rng(1), [3, 6, 10, 11]
    accuracy = rng.random([3, 5, 4])
    dataset = results(accuracy, rounds)
    found = reached.reached(dataset, reached.goal(dataset, "accuracy=0.6"))
    bits = np.cumsum([3 * 3, 3 * 6, 4 * 10, 1 * 11])  # a round's bits are the mean since the evaluation before
    for uplink, seed in itertools.product(range(3), range(5)):
        assert np.isclose(found.bits[uplink, seed], by_hand(accuracy[uplink, seed], bits, 0.6))
        assert np.isclose(found.rounds[uplink, seed], by_hand(accuracy[uplink, seed], np.array(rounds), 0.6))


def test_a_loss_is_reached_from_above() -> None:
    dataset = results(np.array([[[0.2, 0.6]]]), [10, 20])
    goal = reached.goal(dataset, " loss = 0.5 ")
    assert str(goal) == "loss <= 0.5" and np.allclose(reached.reached(dataset, goal).rounds, 17.5)


def test_seeds_that_never_get_there_are_in_the_median_and_missing_ones_are_not() -> None:
    accuracy = np.full([1, 5, 2], np.nan)
    accuracy[0, :3] = [[0.5, 0.9], [0.5, 0.7], [0.5, 0.6]]
    accuracy[0, 3, 0] = 0.5  # diverged, as seed 4 did at once
    dataset = results(accuracy, [10, 20], stopped=np.array([[-1, -1, -1, 15, 4]]))
    goal = reached.goal(dataset, "accuracy=0.6")
    assert reached.reached(dataset, goal).rounds.values.tolist() == [[12.5, 15.0, 20.0, np.inf, np.inf]]
    assert reached.table(dataset, goal)[1][:3] == ["ideal", "3 of 5", "20"]
    assert reached.table(dataset, reached.goal(dataset, "accuracy=0.65"))[1][:3] == ["ideal", "2 of 5", "out of reach"]
    missing = dataset.assign(stopped_at=dataset.stopped_at * 0 - 1)  # seed 4 failed, which says nothing
    assert reached.table(missing, goal)[1][:3] == ["ideal", "3 of 4", "17.5"]


def test_a_table_has_a_row_for_every_point(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accuracy = np.array([[[0.5, 0.9]], [[0.2, 0.8]], [[0.1, 0.3]]])
    dataset = results(accuracy, [1000, 2000])
    told.reached(dataset, "accuracy=0.7")
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        "what it took to accuracy >= 0.7: linear between evaluations".split(),
        ["uplink", "reached", "rounds", "elements", "airtime/s", "bits"],
        ["ideal", "1", "of", "1", "1500", "165,000", "750", "2,000,000"],
        ["analog", "1", "of", "1", "1833", "201,667", "916.7", "2,666,667"],
        ["digital", "0", "of", "1", *["out", "of", "reach"] * 4],
    ]


def test_the_command_tells_it_of_a_curve(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "docs" / "curves" / "amiri2020.csv"
    if not file.exists():
        pytest.skip("no checkout: the wheel carries no curves")
    assert main(["show", str(file), "--to", "accuracy=0.8"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("what it took to accuracy >= 0.8") and " of " in out and "elements" in out
    dataset = curves.load(file)
    ideal = dataset.sel(uplink="ideal").squeeze(drop=True)
    first = reached.reached(dataset, reached.goal(dataset, "accuracy=0.8")).sel(uplink="ideal").rounds
    assert float(first.min()) <= int(ideal["round"].where(ideal.accuracy >= 0.8).min())


@pytest.mark.parametrize(
    "text", ["accuracy", "accuracy=", "accuracy=high", "accuracy=nan", "speed=1", "stopped_at=3", ""]
)
def test_what_is_no_level_is_refused_in_a_line(text: str) -> None:
    dataset = results(np.array([[[0.5, 0.9]]]), [1, 2])
    with pytest.raises(
        ScenarioError, match=r"^--to: expected MEASURE=LEVEL with a measure of accuracy, loss, "
    ) as found:
        reached.goal(dataset, text)
    assert str(found.value).endswith(f"received {text}")


def test_results_without_rounds_reach_nothing() -> None:
    dataset = xr.Dataset({"psnr": ("seed", [1.0])}, attrs={"study": "images"})
    with pytest.raises(ScenarioError, match="^results: expected those of rounds, received a dataset of images without"):
        reached.goal(dataset, "psnr=1")
