"""Blocks of bits pass every channel, impairment, CSI and combiner, found by walking the package."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ..ota.link_level import Blocks, Counted, LinkLevel
from ..phy import Air, Awgn, Grid, Rayleigh, keys
from .found import examples, or_nothing

GRID = Grid(subcarriers=32, symbols=4, prefix=16)
KEY, MOST = keys.key(0), 8


def last_of_each(family: str) -> Sequence[Any]:
    """Of each scheme the last example, whose fields are not all as they come."""
    found = {
        type(each): each for each in examples(family) if not getattr(each, "costly", False)
    }  # 27 x as long as AWGN
    return or_nothing(list(found.values()))


def passes(air: Air, blocks: Blocks) -> None:
    """Rates are rates, the same again whatever went before, and no better where noise is all there is."""
    level = LinkLevel(air, blocks, MOST)
    good, bad, again = (level.count(snr_db, KEY, MOST) for snr_db in (30.0, -30.0, 30.0))
    assert good == again
    for found in (good, bad):
        check(found)
    assert good.blocks == MOST and bad.blocks == MOST
    assert good.wrong_bits <= bad.wrong_bits
    bits = MOST * blocks.block
    assert abs(bad.wrong_bits - bits / 2) < 5 * (bits / 4) ** 0.5 + 0.05 * bits  # 30 dB below noise nothing is heard


def check(found: Counted) -> None:
    for rate, (low, high) in ((found.ber, found.ber_interval), (found.bler, found.bler_interval)):
        assert 0 <= low <= rate <= high <= 1
    assert found.wrong_blocks <= found.wrong_bits <= found.squares
    assert np.isfinite(found).all()


@pytest.mark.parametrize("scheme", last_of_each("channels"), ids=lambda scheme: type(scheme).__name__)
def test_every_channel(scheme: Any) -> None:
    passes(Air(GRID, scheme, 1, 2), Blocks(4, 248))


@pytest.mark.parametrize("scheme", last_of_each("impairments"), ids=lambda scheme: type(scheme).__name__)
def test_every_impairment(scheme: Any) -> None:
    passes(Air(GRID, Rayleigh(), 1, impairments=(scheme,)), Blocks(2, 120, 0.5))


@pytest.mark.parametrize("scheme", last_of_each("csi"), ids=lambda scheme: type(scheme).__name__)
def test_all_csi_of_the_receiver(scheme: Any) -> None:
    passes(Air(GRID, Rayleigh(), 1, csir=scheme), Blocks(2, 120, 0.5))


@pytest.mark.parametrize("scheme", last_of_each("combiners"), ids=lambda scheme: type(scheme).__name__)
def test_every_combiner(scheme: Any) -> None:
    passes(Air(GRID, Rayleigh(), 1, 3, scheme), Blocks(1, 120))
    level = LinkLevel(Air(GRID, Awgn(), 1, 3, scheme), Blocks(1, 1200), MOST)
    assert level.count(20.0, KEY, MOST).wrong_bits == 0
