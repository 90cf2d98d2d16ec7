"""A unit is what decides its numbers: whatever changes them changes its identity, and nothing else does."""

import hashlib
import json
from typing import Any

import pytest

from overair.scenarios import Study, studies
from overair.scenarios.reading import skeleton
from overair.scenarios.reading.catalogue import parts
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.running.units import units, versions
from overair.scenarios.studies.federated import Federated

RAW: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
TIMED: dict[str, Any] = {"hardware": {"kind": "fixed", "seconds": 1e-3}}
OTHER: list[dict[str, Any]] = [
    {"data": "mnist"},
    {"model": "lenet"},
    {"devices": 6},
    {"uplink": "digital"},
    {"partition": "dirichlet"},
    {"algorithm": "fedavg"},
    {"optimizer": {"name": "sgd", "learning_rate": 0.2}},
    {"participation": 0.5},
    {"scheduler": "round_robin"},
    {"batch_size": 8},
    {"link": {"snr_db": 3}},
    {"link": {"antennas": 2}},
    {"link": {"channel": "awgn"}},
    {"downlink": {"snr_db": 3}},
    {"grid": {"prefix": 8}},
    {"grant": {"elements": 100}},
    {"executor": "loop"},
    {"chunk": 2},
    {"validation": 0.2},
    {"papr": True},
    {"layer": 1},
    TIMED,
    {"effort": {"dropout": 0.1}},
    {"aggregator": "median"},
    {"attackers": {"kind": "sign_flip", "count": 1}},
    {"protection": "device"},
    {"personal": True},
]
NOTHING: list[dict[str, Any]] = [{"title": "Another"}, {"seeds": [0, 7]}, {"rounds": 31}, {"evaluate_every": 7}]
AIRLESS: list[dict[str, Any]] = [{"link": {"snr_db": 3}}, {"link": {"channel": "awgn"}}, {"grant": {"elements": 100}}]


def key(study: Study, seed: int) -> str:
    (found,) = units(study, [seed])
    return found.key


def unit(change: dict[str, Any], seed: int = 0) -> str:
    return key(studies.check(RAW | change), seed)


@pytest.mark.parametrize("change", OTHER, ids=str)
def test_what_decides_numbers_decides_the_identity(change: dict[str, Any]) -> None:
    assert unit(change) != unit({})


def test_every_field_of_a_scenario_is_in_one_of_the_two_lists() -> None:
    timed = {"study", "radio", "budget_seconds"}  # below
    assert {name for change in [*OTHER, *NOTHING] for name in change} | timed == set(Federated.model_fields)


def test_a_radio_decides_numbers_and_a_budget_of_seconds_none() -> None:
    assert unit(TIMED) != unit(TIMED | {"radio": {"power_dbm": 23}})
    assert unit(TIMED) == unit(TIMED | {"budget_seconds": 5.0})


@pytest.mark.parametrize("change", NOTHING, ids=str)
def test_what_decides_nothing_leaves_it(change: dict[str, Any]) -> None:
    """A record holds every round, so more of them go on in it."""
    assert unit(change) == unit({}) != unit({}, seed=7)


@pytest.mark.parametrize("change", [*AIRLESS, {"grid": {"prefix": 8}}], ids=str)
def test_links_do_not_matter_without_air(change: dict[str, Any]) -> None:
    assert unit({"uplink": "ideal"} | change) == unit({"uplink": "ideal"})


def test_a_broadcast_back_has_an_airtime_on_the_grid() -> None:
    raw = {"uplink": "ideal", "downlink": {"snr_db": 3}}
    assert unit(raw | {"grid": {"prefix": 8}}) != unit(raw)
    assert [unit(raw | change) for change in AIRLESS] == 3 * [unit(raw)]


def test_a_federation_serves_all_snrs_rounds_and_seeds_and_nothing_else() -> None:
    free = [*NOTHING, {"link": {"snr_db": 3}}]
    for change in [*OTHER, *NOTHING]:
        same = studies.check(RAW | change).group(0) == studies.check(RAW).group(1)
        assert same == (change in free)


def test_units_of_images_have_identities_too() -> None:
    raw = {"study": "images", "data": "cifar10", "scheme": "linear"}
    (point,) = sweep(raw).points
    (other,) = sweep(raw | {"repetitions": 2}).points
    (named,) = sweep(raw | {"title": "Another"}).points
    assert key(point.scenario, 0) == key(named.scenario, 0) != key(other.scenario, 0)


def test_the_key_of_a_record_is_a_hash_of_identity_seed_and_versions() -> None:
    study = studies.check(RAW)
    decides = json.dumps({"scenario": study.identity(), "versions": versions()}, sort_keys=True)
    text = f"3 {decides}".encode()
    assert key(study, 3) == hashlib.blake2b(text, digest_size=12).hexdigest()


LABELLED: dict[str, Any] = {"kind": "analog", "label": "A-DSGD", "codec": {"kind": "sparse", "label": "S"}}


@pytest.mark.parametrize("name", studies.names())
def test_labels_decide_nothing(name: str) -> None:
    plain = studies.check(skeleton.example(name))
    raw = plain.model_dump(mode="json")
    labelled = studies.check(with_labels(raw))
    assert with_labels(raw) != raw and labelled != plain
    assert [key(labelled, 3), labelled.group(3)] == [key(plain, 3), plain.group(3)]


def test_labels_within_schemes_decide_nothing() -> None:
    bare = {"kind": "analog", "codec": {"kind": "sparse"}}
    checked: list[Any] = [studies.check(RAW | {"uplink": uplink}) for uplink in (LABELLED, bare)]
    labelled, plain = checked
    assert labelled.model_dump()["uplink"]["codec"]["label"] == "S"
    assert [key(labelled, 3), labelled.group(3)] == [key(plain, 3), plain.group(3)]
    assert parts(labelled.uplink, "uplink") == parts(plain.uplink, "uplink")


def with_labels(value: Any) -> Any:
    """A dumped scenario with a label on every scheme."""
    if isinstance(value, dict):
        inner = {name: with_labels(item) for name, item in value.items()}
        return inner | ({"label": "called so"} if "kind" in value else {})
    return [with_labels(item) for item in value] if isinstance(value, list) else value
