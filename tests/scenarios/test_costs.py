"""What a training has cost so far is the sum over all its rounds, pilots and broadcasts included."""

import numpy as np
import pytest
import xarray as xr

from overair.scenarios.results import costs
from overair.scenarios.results.measures import over_rounds
from overair.scenarios.studies._round_measures import COSTS

EVALUATED = [3, 5, 10]  # rounds
BY_ROUND = {"resource_elements": 4, "pilot_elements": 3, "airtime": 2, "bits": 6, "energy": 1}  # largest values


def rounds() -> dict[str, np.ndarray]:
    """Costs of ten rounds of two seeds, [S, T]."""
    random = np.random.default_rng(0)
    return {name: random.integers(0, most + 1, (2, 10)).astype(float) for name, most in BY_ROUND.items()}


def results(**more: np.ndarray) -> xr.Dataset:
    """As runs have them: means over the rounds since the evaluation before."""
    given = rounds() | more
    ends = [0, *EVALUATED]
    found = {}
    for name, values in given.items():
        (measure,) = (each for each in COSTS if each.name == name)
        parts = [
            [over_rounds([measure], seed[first:last, None])[0] for first, last in zip(ends, EVALUATED, strict=False)]
            for seed in values
        ]
        found[name] = (("seed", "round"), np.array(parts))
    accuracy = (("seed", "round"), np.ones((2, len(EVALUATED))))
    return xr.Dataset({"accuracy": accuracy, **found}, {"seed": [0, 1], "round": EVALUATED}, {"study": "federated"})


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("elements", ("resource_elements", "pilot_elements")),
        ("airtime", ("airtime",)),
        ("bits", ("bits",)),
        ("energy", ("energy",)),
    ],
)
def test_totals_are_sums_of_rounds_one_by_one(word: str, parts: tuple[str, ...]) -> None:
    by_hand = [
        [sum(rounds()[part][seed, at] for part in parts for at in range(last)) for last in EVALUATED] for seed in (0, 1)
    ]
    found = costs.total(results(), word)
    np.testing.assert_allclose(found.transpose("seed", "round").values, by_hand)


def test_labels_name_the_parts_that_are_there() -> None:
    assert costs.label(results(), "elements") == "Resource elements so far, with pilots"
    nothing = {"pilot_elements": np.zeros((2, 10))}
    assert costs.label(results(**nothing), "elements") == "Resource elements so far"
    back = {"downlink_elements": np.ones((2, 10))}
    assert costs.label(results(**back), "elements") == "Resource elements so far, with pilots and broadcasts"
    assert costs.label(results(), "energy") == "Mean energy of a device so far, in budgets of a round"


def test_what_was_not_measured_is_no_cost_and_named_where_it_lacks_in_a_sum() -> None:
    given = results().drop_vars("airtime")
    given["pilot_elements"] = given.pilot_elements * np.nan
    assert costs.words(given) == ["elements", "energy", "bits"]
    assert costs.unknown(given, "elements") == ["pilots", "broadcasts"]
    elements = rounds()["resource_elements"].cumsum(axis=1)[:, [at - 1 for at in EVALUATED]]
    np.testing.assert_allclose(costs.total(given, "elements").values, elements)


def test_a_seed_that_stopped_has_no_cost_from_there_on() -> None:
    given = results()
    given.accuracy[1, 1:] = np.nan
    assert np.isnan(costs.total(given, "bits").values).tolist() == [[False] * 3, [False, True, True]]


def test_a_study_without_rounds_has_none() -> None:
    assert costs.words(results().isel(round=-1, drop=True)) == []
