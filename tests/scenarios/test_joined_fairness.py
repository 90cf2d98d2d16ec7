"""Of several runs it is said what all were given alike, and what is not the same from run to run."""

from typing import Any

import pytest
import xarray as xr

from overair.scenarios.results import fairness
from overair.scenarios.results.join import join
from tests.scenarios.test_joined import SCENARIO, VERSIONS, results


def given(**change: Any) -> str:
    """What is said of two runs, of which one is otherwise."""
    return fairness.line(join({"a": results(), "b": results(start=1, **change)}), ["run"])


def test_runs_that_were_given_the_same_are_said_to_be_alike() -> None:
    fair = "Compared alike: same links, same elements (100, with pilots), energy at most P, 2 seeds."
    assert given() == given(uplink={"kind": "digital"}) == fair
    assert given(link=SCENARIO["link"] | {"csit": {"kind": "noisy"}}) == fair  # what is known of links is no link


@pytest.mark.parametrize(
    ("change", "words", "alike"),
    [
        ({"devices": 20}, "links, by devices", "same elements (100, with pilots), energy at most P"),
        (
            {"link": SCENARIO["link"] | {"channel": {"kind": "rayleigh"}}},
            "links, by link.channel",
            "same elements (100, with pilots), energy at most P",
        ),
        ({"elements": 150.0}, "elements, 100 to 150", "same links, energy at most P"),
        ({"energy": 1.5}, "energy, up to 1.5 P", "same links, same elements (100, with pilots)"),
        ({"seeds": (0, 2)}, "seeds", "same elements (100, with pilots), energy at most P"),
        ({"seeds": (0, 1, 2)}, "seeds, 2 and 3", "same elements (100, with pilots), energy at most P"),
        (
            {"versions": VERSIONS | {"numpy": "2.5"}},
            "versions of numpy",
            "same elements (100, with pilots), energy at most P",
        ),
    ],
    ids=str,
)
def test_what_differs_between_runs_is_named(change: dict[str, Any], words: str, alike: str) -> None:
    assert given(**change) == f"Not compared alike: {words}. Alike: {alike}."


def test_elements_are_compared_at_the_same_places_of_all_runs() -> None:
    """Both have 100 at 0 dB; one has 200 at 10 dB and 100 at 20 dB, the other has them the other way round."""
    snrs = {"snr_db": [0.0, 10.0, 20.0]}
    a, b = results(snrs), results(snrs, start=1)
    a["resource_elements"] = a.resource_elements * xr.DataArray([1.0, 2.0, 1.0], dims="snr_db")
    b["resource_elements"] = b.resource_elements * xr.DataArray([1.0, 1.0, 2.0], dims="snr_db")
    assert "elements, 100 to 200" in fairness.line(join([a, b]), ["run"])
    assert "same elements, energy" in fairness.line(join([a, a]), ["run"])


def test_elements_of_runs_that_share_no_place_are_compared_all_the_same() -> None:
    """At 0 dB one has 100, and the other, which is at 10 dB, has another number; a third sends nothing."""
    a, idle = results({"snr_db": [0.0]}), results({"snr_db": [5.0]}, elements=0.0)
    for other in (results({"snr_db": [10.0]}, elements=200.0), results({"snr_db": [0.0]}, elements=200.0, seeds=(7,))):
        assert "elements, 100 to 200" in fairness.line(join([a, other]), ["run"])
        assert "elements, 100 to 200" in fairness.line(join([idle, a, other]), ["run"])
    assert "same elements (100, with pilots)" in fairness.line(join([a, results({"snr_db": [10.0]})]), ["run"])


def test_seeds_in_another_order_are_the_same() -> None:
    assert "same links" in given(seeds=(1, 0)) and "seeds" in given(seeds=(1, 2))


def test_the_same_name_of_other_links_is_seen_through() -> None:
    def of(*speeds: float) -> xr.Dataset:
        channels = [{"kind": "tdl", "label": f"{at}", "speed": speed} for at, speed in enumerate(speeds)]
        link = SCENARIO["link"] | {"channel": channels}
        return results({"channel": [str(at) for at in range(len(speeds))], "snr_db": [0.0, 10.0]}, link=link)

    assert "same links" in fairness.line(join([of(0.0, 3.0), of(0.0)]), ["run"])
    assert "links, by channel" in fairness.line(join([of(0.0, 3.0), of(0.0, 30.0)]), ["run"])
    assert "links, by channel" in fairness.line(join([of(0.0, 3.0), of(0.0)]), ["run", "channel"])


def test_the_same_name_of_another_variant_is_seen_through() -> None:
    def of(**counts: int) -> xr.Dataset:
        variants = {name: {"devices": count} for name, count in counts.items()}
        return results({"variant": [*counts], "snr_db": [0.0, 10.0]}, devices=None, variants=variants)

    assert "same links" in fairness.line(join([of(few=5, many=9), of(many=9, few=5)]), ["run"])
    assert "links, by variant" in fairness.line(join([of(few=5, many=9), of(few=5, many=90)]), ["run"])
    assert "links, by variant" in fairness.line(join([of(few=5, many=9), of(few=5, many=9)]), ["run", "variant"])


def test_what_one_run_does_not_tell_is_not_said_of_all() -> None:
    for silent in ("scenario", "versions"):
        untold = results(start=1)
        del untold.attrs[silent]
        for pair in ([results(), untold], [untold, results()], [untold, untold]):
            assert fairness.line(join(pair), ["run"]).startswith("Compared alike: same elements (100, with pilots), en")
    lacking = results(start=1).drop_vars(["energy_max", "pilot_elements"])
    assert fairness.line(join([results(), lacking]), ["run"]) == "Compared alike: same links, same elements, 2 seeds."
