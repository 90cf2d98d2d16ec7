"""What is compared is said to be alike where links, elements, energy and seeds were, and only there."""

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios.results import fairness

LINK: dict[str, Any] = {"snr_db": [0.0, 10.0], "channel": {"kind": "awgn"}, "csit": {"kind": "perfect"}}


def results(
    axes: dict[str, list[Any]] | None = None,
    elements: tuple[float, ...] = (0.0, 120.0, 120.0),
    pilots: float = 5.0,
    energy: float = 1.0,
    seeds: tuple[int, ...] = (0, 1),
    study: str = "federated",
    **scenario: Any,
) -> xr.Dataset:
    """Of an uplink that sends nothing and two that send."""
    axes = axes or {"uplink": ["ideal", "analog", "digital"]}
    along = {**axes, "snr_db": [0.0, 10.0], "seed": [*seeds], "round": [1]}
    shape = [len(values) for values in along.values()]
    used = np.resize(elements, shape[0]).reshape([-1, *[1] * (len(shape) - 1)]) * np.ones(shape)
    data = {"accuracy": np.ones(shape), "resource_elements": used, "pilot_elements": pilots * (used > 0)}
    data |= {"downlink_elements": np.zeros(shape), "energy_max": energy * np.ones(shape)}
    coordinates = {
        name: (name, np.array(values), {"path": f"link.{name}"} if name in ("snr_db", "speed", "csit") else {})
        for name, values in along.items()
    }
    told = {"study": study, "scenario": json.dumps({"link": LINK, "devices": 10, **scenario})}
    return xr.Dataset({name: (list(along), values) for name, values in data.items()}, coordinates, told)


def test_the_same_is_said_with_its_numbers() -> None:
    expected = "Compared alike: same links, same elements (125, with pilots), energy at most P, 2 seeds."
    assert fairness.line(results(), ["uplink"]) == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"elements": (0.0, 120.0, 240.0)}, "elements, 125 to 245. Alike: same links, energy at most P."),
        ({"energy": 1.01}, "energy, up to 1.01 P. Alike: same links, same elements (125, with pilots)."),
        ({"energy": 1.3, "elements": (1.0, 2.0, 2.0)}, "elements, 6 to 7; energy, up to 1.3 P. Alike: same links."),
    ],
)
def test_what_differs_is_named_and_the_rest_is_not_claimed_of_it(change: dict[str, Any], words: str) -> None:
    assert fairness.line(results(**change), ["uplink"]) == f"Not compared alike: {words}"


def test_one_place_of_many_is_enough_to_differ() -> None:
    given = results()
    given.resource_elements[2, 1, 0] = 60.0  # one SNR, one seed
    assert "elements, 65 to 125" in fairness.line(given, ["uplink"])


def test_elements_that_differ_from_panel_to_panel_are_the_same_within_one() -> None:
    given = results()
    given["resource_elements"] = given.resource_elements * xr.DataArray([1.0, 2.0], dims="snr_db")
    assert "same elements, energy" in fairness.line(given, ["uplink"])
    assert "elements, 125 to 245" in fairness.line(given, ["uplink", "snr_db"])


@pytest.mark.parametrize(
    ("axis", "values", "differ"),
    [
        ("speed", [0.0, 3.0], True),
        ("devices", [5, 10], True),
        ("csit", ["perfect", "noisy"], False),
        ("model", ["softmax", "lenet"], False),
    ],
)
def test_links_are_those_of_the_fields_that_decide_them(axis: str, values: list[Any], differ: bool) -> None:
    told = fairness.line(results({axis: values}, elements=(120.0,)), [axis])
    assert (f"links, by {axis}" in told, "same links" in told) == (differ, not differ)


@pytest.mark.parametrize(
    ("second", "differ"),
    [
        ({"link": LINK | {"antennas": 2}}, True),
        ({"link": LINK, "rounds": 5}, False),
        ({"link": LINK, "link.channel": {"kind": "rayleigh"}}, True),  # where another part of the link is an axis
        ({"link": LINK, "link.csit": {"kind": "noisy"}}, False),
    ],
)
def test_variants_are_looked_into(second: dict[str, Any], differ: bool) -> None:
    both: dict[str, Any] = {"variants": {"a": {"link": LINK}, "b": second}}
    told = fairness.line(results({"variant": ["a", "b"]}, elements=(120.0,), **both), ["variant"])
    assert ("links, by variant" in told, "same links" in told) == (differ, not differ)


@pytest.mark.parametrize(
    ("channel", "impairments", "differ"),
    [
        ({"kind": "tdl", "speed": 3.0}, [], True),
        ({"kind": "tdl", "speed": 0.0}, [], False),
        ({"kind": "rayleigh"}, [{"kind": "clock_drift", "ppm": 1.0}], True),
        ([{"kind": "tdl", "speed": 0.0}, {"kind": "tdl", "speed": 3.0}], [], True),  # an axis of channels
    ],
)
def test_links_that_move_are_those_of_their_times_so_of_as_many_elements(
    channel: Any, impairments: list[Any], differ: bool
) -> None:
    link: dict[str, Any] = {"link": LINK | {"channel": channel, "impairments": impairments}}
    several = results(**link, elements=(0.0, 120.0, 240.0))
    told = fairness.line(several, ["uplink"])
    assert "elements, 125 to 245" in told and ("same links" in told) == (not differ)
    assert "same links" in fairness.line(results(**link), ["uplink"])
    swept = results({"grant.elements": [120, 240]}, elements=(120.0, 240.0), **link)
    told = fairness.line(swept, ["grant.elements"])
    assert ("links, by grant.elements" in told, "same links" in told) == (differ, not differ)
    both: dict[str, Any] = {"variants": {"a": {"grant.elements": 120}, "b": {"grant.elements": 240}}, **link}
    told = fairness.line(results({"variant": ["a", "b"]}, elements=(120.0,), **both), ["variant"])
    assert ("links, by variant" in told, "same links" in told) == (differ, not differ)
    one, other = (fairness.given(results(**link, grant={"elements": count}), ["uplink"]) for count in (120, 240))
    told = fairness.told(one, other)
    assert (told.startswith("Not compared alike: links."), "same links" in told) == (differ, not differ)


def test_runs_drawn_together_are_compared_with_each_other() -> None:
    def of(**change: Any) -> fairness.Given:
        return fairness.given(results(**change), ["uplink"])

    alike = "Compared alike: same links, same elements (125, with pilots), energy at most P, 2 seeds."
    assert fairness.told(of(), of()) == alike
    assert "elements, 125 to 305" in fairness.told(of(), of(elements=(0.0, 300.0, 300.0)))
    assert fairness.told(of(), of(devices=11)).startswith("Not compared alike: links. Alike: same elements")
    assert "seeds" in fairness.told(of(), of(seeds=(0, 2)))


def test_what_one_of_several_runs_does_not_tell_is_not_said_of_all() -> None:
    known = fairness.given(results(), ["uplink"])
    silent = fairness.given(results().drop_vars(["energy_max", "pilot_elements", "resource_elements"]), ["uplink"])
    for pair in ((known, silent), (silent, known)):
        assert fairness.told(*pair) == "Compared alike: same links, 2 seeds."
    above = fairness.given(results().assign(energy_max=results().energy_max * 2 + 1), ["uplink"])
    for pair in ((above, silent), (silent, above)):
        assert "Not compared alike: energy, up to" in fairness.told(*pair)


def test_what_is_not_known_is_not_said() -> None:
    given = results().drop_vars(["energy_max", "pilot_elements"])
    assert fairness.line(given, ["uplink"]) == "Compared alike: same links, same elements, 2 seeds."
    unpaired = results(study="link").rename(accuracy="ber")
    assert fairness.line(unpaired, ["uplink"]) == ""
    assert fairness.line(results(), []) == "" and fairness.line(results().isel(uplink=[1]), ["uplink"]) == ""
