"""Sizes that no machine holds are refused with the field that asks for them, before anything is allocated."""

import copy
import re
import time
from typing import Any

import pytest

from overair.scenarios import studies
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.studies import _federation

SHARED: dict[str, Any] = {}
USUAL: dict[str, Any] = dict(study="federated", data="digits", model="softmax", devices=10, rounds=2, uplink="analog")


def changed(path: str, value: Any, **besides: Any) -> dict[str, Any]:
    scenario = copy.deepcopy(USUAL | besides)
    *above, last = path.split(".")
    table = scenario
    for part in above:
        table = table.setdefault(part, {})
    table[last] = value
    return scenario


def prepare(scenario: dict[str, Any]) -> Any:
    return _federation.prepare(studies.check(scenario), SHARED)


MOVING = {"kind": "tdl", "speed": 3.0}
DENSE = {"kind": "random_linear", "compression": 1e300}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("grid.subcarriers", changed("grid.subcarriers", 2**31 - 1)),
    ("grid.symbols", changed("grid.symbols", 2**31 - 1)),
    ("grid.spacing", changed("grid.spacing", 1e-300)),
    ("grid.spacing", changed("grid.spacing", 1e300)),
    ("link.antennas", changed("link.antennas", 2**31 - 1)),
    ("grant.elements", changed("grant.elements", 2**31 - 1)),
    ("grant.elements", changed("grant.elements", 10**8, link={"antennas": 64, "channel": "rayleigh"})),
    ("grant.compression", changed("grant.compression", 1e-300)),
    ("devices", changed("grant.elements", 10**6, devices=1000, link={"antennas": 64, "channel": MOVING})),
    ("link.channel.delay_spread", changed("link.channel", {"kind": "tdl", "delay_spread": 1e300})),
    ("link.channel.speed", changed("link.channel", {"kind": "tdl", "speed": 1e300})),
    ("link.channel.carrier", changed("link.channel", {"kind": "cdl", "carrier": 1e-300})),
    ("link.channel.longest", changed("link.channel", {"kind": "umi", "longest": 1e9})),
    ("link.channel.inter_site_distance", changed("link.channel", {"kind": "uma", "inter_site_distance": 1e300})),
    ("link.impairments.0.exponent", changed("link.impairments", [{"kind": "path_loss", "exponent": 1e300}])),
    ("path_loss.exponent", changed("link.impairments", [{"kind": "path_loss", "exponent": 10.0, "nearest": 1e-3}])),
    ("link.impairments.0.ppm", changed("link.impairments", [{"kind": "clock_drift", "ppm": 1e300}])),
    (
        "link.antennas",
        changed(
            "grid", {"subcarriers": 2**16, "symbols": 4096, "prefix": 0}, link={"antennas": 1024, "channel": "rayleigh"}
        ),
    ),
    ("uplink.codec.compression", changed("uplink", {"kind": "analog", "codec": DENSE})),
    ("algorithm.steps", changed("algorithm", {"kind": "fedavg", "steps": 2**31}, batch_size=1)),
    ("estimated.estimator", changed("grid.subcarriers", 2**16, link={"csir": "estimated", "channel": "awgn"})),
]  # fmt: skip


@pytest.mark.parametrize(("field", "scenario"), CASES, ids=[f"{at}-{field}" for at, (field, _) in enumerate(CASES)])
def test_sizes_beyond_any_machine_are_refused_with_their_field(field: str, scenario: dict[str, Any]) -> None:
    prepare(USUAL)  # what all need is loaded
    begin = time.monotonic()
    with pytest.raises(ScenarioError) as refusal:
        prepare(scenario)
    assert time.monotonic() - begin < 10  # seconds; on a busy machine
    said = str(refusal.value)
    assert re.search(rf"{re.escape(field)}(:| )", said) and "expected" in said, said


def test_blocks_in_time_that_are_too_long_are_named() -> None:
    from overair.phy.grid import Grid
    from overair.phy.waveform import Waveform

    with pytest.raises(ValueError, match="air.oversampling: expected blocks of at most 125829120 samples"):
        _ = Waveform(Grid(2**16, 4096), 0.0, 10.0).bins
