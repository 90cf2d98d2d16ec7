"""Airs as plain data: every scheme comes back as it was, and only schemes of this package can be named."""

import json
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pytest

from overair.phy import (
    Air,
    Amplifier,
    Awgn,
    Beamforming,
    Delayed,
    ErrorVariance,
    Estimated,
    Grid,
    MseOptimal,
    Paths,
    PowerRule,
    Rayleigh,
    Size,
    Span,
    Tdl,
    TimingOffset,
    TruncatedInversion,
    from_plain,
    scheme_from_plain,
    scheme_to_plain,
    to_plain,
)
from overair.phy.keys import Key

EVERYTHING = Air(
    Grid(32, 4, 30e3, 12, 2),
    Tdl("D", 30e-9, speed=3.0, fading="continuous"),
    3,
    2,
    Beamforming(5),
    (TimingOffset(0.0, 2.0, seen=True), Amplifier(3.0)),
    Delayed(2),
    Estimated("linear", comb=2),
    "time",
    "sample",
    4,
    (0.0, -3.0),
)


@dataclass(frozen=True)
class Mine(Awgn):
    """Somebody's own channel."""

    static: ClassVar[bool] = True

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        return super().draw(size, span, key, place)


def test_an_air_with_nothing_left_at_its_default_comes_back_through_json() -> None:
    plain = Air(Grid(), Awgn(), 1)
    for field in fields(Air):
        assert getattr(EVERYTHING, field.name) != getattr(plain, field.name)
    for air in (EVERYTHING, plain):
        assert from_plain(json.loads(json.dumps(to_plain(air)))) == air


@pytest.mark.parametrize("rule", [TruncatedInversion(0.3, unbiased=False), MseOptimal()], ids=["truncated", "optimal"])
def test_a_scheme_comes_back_through_json(rule: Any) -> None:
    assert (
        scheme_from_plain("rule", json.loads(json.dumps(scheme_to_plain("rule", rule, PowerRule))), PowerRule) == rule
    )


def test_an_air_of_someones_own_scheme_cannot_be_saved() -> None:
    with pytest.raises(ValueError, match=r"channel: expected one of awgn, .* so that it can be saved, received Mine"):
        to_plain(Air(Grid(), Mine(), 1))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"channel": {"kind": "os.system"}}, "channel: expected a kind among awgn, .*received 'os.system'"),
        ({"channel": {"kind": "perfect"}}, "channel: expected a kind among awgn, .*received 'perfect'"),  # no channel
        ({"channel": {"kind": "_system"}}, "channel: expected a kind among awgn, .*received '_system'"),
        ({"channel": {"kind": "../air"}}, "channel: expected a kind among awgn, .*received '../air'"),
        ({"channel": {"kind": ["awgn"]}}, "channel: expected a kind among awgn, .*received .'awgn'."),
        ({"channel": 3}, "channel: expected a kind among awgn, .*received 3"),
        ({"channel": {"kind": "tdl", "colour": 1}}, "channel: expected a table of model, .* received colour"),
        ({"channel": {"kind": "tdl", "speed": -1.0}}, "channel.speed: Input should be greater than or equal to 0"),
        ({"grid": {"subcarriers": 8, "prefix": 9}}, "grid.prefix: expected at most subcarriers = 8, received 9"),
        ({"grid": []}, "grid: expected a table of subcarriers, .* received ..$"),
        ({"colour": 1}, "air: expected a table of grid, .*received colour"),
        ({"devices": 0}, "air.devices: expected a whole number of at least 1, received 0"),
    ],
    ids=["system", "family", "private", "path", "list", "number", "field", "value", "grid", "no grid", "air", "none"],
)
def test_plain_data_that_is_no_air_is_refused_in_one_line(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as raised:
        from_plain(to_plain(Air(Grid(), Rayleigh(), 1, csir=ErrorVariance())) | changes)
    assert "\n" not in str(raised.value)


def test_an_air_needs_what_has_no_default() -> None:
    with pytest.raises(ValueError, match="air: expected a table of grid, channel, devices, .* received grid"):
        from_plain({"grid": {}})
    with pytest.raises(ValueError, match="air: expected a table of .* received None"):
        from_plain(None)
