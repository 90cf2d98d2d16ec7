"""How these tests play rounds of an uplink, each with its own key and link; many rounds are one compiled loop."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from overair.ota import Report, Round, Terms, Uplink, apply
from overair.phy import Air, keys

Play = Callable[..., tuple[tf.Tensor, Report]]


@pytest.fixture
def play() -> Play:
    return rounds


def rounds(
    uplink: Uplink,
    air: Air,
    updates: tf.Tensor,
    elements: int,
    count: int = 1,
    snr_db: float = 200.0,
    weights: tf.Tensor | None = None,
    participation: float = 1.0,
    seed: int = 0,
    power_offsets_db: tuple[float, ...] = (),
) -> tuple[tf.Tensor, Report]:
    """Estimates [count, d] and reports with a leading axis of so many rounds with the same updates."""
    terms = Terms(
        dataclasses.replace(air, power_offsets_db=power_offsets_db), updates.shape[1], elements, participation
    )
    place = air.init(keys.key(seed, "place"))
    state = uplink.init(terms, place)
    share = tf.ones([air.devices]) / air.devices if weights is None else tf.convert_to_tensor(weights)

    def one(number: tf.Tensor) -> tuple[tf.Tensor, Report]:
        key = keys.key(seed, "round", number)
        drawn = share
        if participation < 1:
            takes_part = keys.uniform(keys.fold(key, "participation"), [air.devices]) < participation
            drawn = tf.where(takes_part, share / participation, 0.0)
        link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db) if uplink.uses_air else None
        estimate, _, report = apply(uplink, state, Round(terms, key, drawn, link), updates)
        return estimate, report

    if count == 1:  # not worth compiling
        estimate, report = one(tf.constant(0))
        return estimate[None], tf.nest.map_structure(lambda value: value[None], report)
    scalar, devices = tf.TensorSpec([]), [air.devices]
    report = Report(scalar, scalar, tf.TensorSpec(devices), tf.TensorSpec(devices, tf.bool), *[scalar] * 8)
    signature: Any = (tf.TensorSpec([updates.shape[1]]), report)
    loop = tf.function(
        lambda: tf.map_fn(one, tf.range(count), fn_output_signature=signature, parallel_iterations=1), autograph=False
    )
    return loop()
