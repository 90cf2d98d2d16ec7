"""A unit is what decides its numbers: whatever changes them changes its identity, and nothing else does."""

from typing import Any

import pytest

from overair.scenarios import studies
from overair.scenarios.identity import group, identity
from overair.scenarios.reading.sweep import sweep

RAW: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
OTHER: list[dict[str, Any]] = [
    {"data": "mnist"},
    {"model": "lenet"},
    {"devices": 6},
    {"rounds": 31},
    {"evaluate_every": 7},
    {"uplink": "digital"},
    {"partition": "dirichlet"},
    {"algorithm": "fedavg"},
    {"optimizer": {"name": "sgd", "learning_rate": 0.2}},
    {"participation": 0.5},
    {"batch_size": 8},
    {"link": {"snr_db": 3}},
    {"link": {"antennas": 2}},
    {"link": {"channel": "awgn"}},
    {"downlink": {"snr_db": 3}},
    {"grid": {"prefix": 8}},
    {"grant": {"elements": 100}},
    {"executor": "loop"},
    {"chunk": 2},
]
AIRLESS: list[dict[str, Any]] = [{"link": {"snr_db": 3}}, {"link": {"channel": "awgn"}}, {"grant": {"elements": 100}}]


def unit(change: dict[str, Any], seed: int = 0) -> str:
    return identity(schema.check(RAW | change), seed)


@pytest.mark.parametrize("change", OTHER, ids=str)
def test_what_decides_numbers_decides_the_identity(change: dict[str, Any]) -> None:
    assert unit(change) != unit({})


def test_every_field_of_a_scenario_is_in_one_of_the_two_lists() -> None:
    assert {name for change in OTHER for name in change} | {"title", "seeds"} == set(schema.Scenario.model_fields)


@pytest.mark.parametrize("change", [{"title": "Another"}, {"seeds": [0, 7]}], ids=str)
def test_what_decides_nothing_leaves_it(change: dict[str, Any]) -> None:
    assert unit(change) == unit({}) != unit({}, seed=7)


@pytest.mark.parametrize("change", [*AIRLESS, {"grid": {"prefix": 8}}], ids=str)
def test_links_do_not_matter_without_air(change: dict[str, Any]) -> None:
    assert unit({"uplink": "ideal"} | change) == unit({"uplink": "ideal"})


def test_a_broadcast_back_has_an_airtime_on_the_grid() -> None:
    raw = {"uplink": "ideal", "downlink": {"snr_db": 3}}
    assert unit(raw | {"grid": {"prefix": 8}}) != unit(raw)
    assert [unit(raw | change) for change in AIRLESS] == 3 * [unit(raw)]


def test_a_federation_serves_all_snrs_rounds_and_seeds_and_nothing_else() -> None:
    free = [{"rounds": 31}, {"evaluate_every": 7}, {"link": {"snr_db": 3}}]
    for change in OTHER:
        same = group(schema.check(RAW | change)) == group(schema.check(RAW))
        assert same == (change in free)


def test_units_of_images_have_identities_too() -> None:
    raw = {"task": "images", "data": "cifar10", "scheme": "linear"}
    (point,) = sweep(raw).points
    (other,) = sweep(raw | {"repetitions": 2}).points
    (named,) = sweep(raw | {"title": "Another"}).points
    assert identity(point.scenario, 0) == identity(named.scenario, 0) != identity(other.scenario, 0)
