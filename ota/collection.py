"""How a round is played: every uplink is used in the same way, whatever it does.

    acc = uplink.begin(state, round, probe)  # nothing received yet; the probe asks all devices before the first sends
    acc = uplink.add(acc, round, devices, updates)  # some devices after others
    outcome = uplink.end(acc, state, round)

``apply`` is ``collect`` of updates that are all at hand.
"""

from collections.abc import Callable

import tensorflow as tf

from .apart import robust
from .groups import by_groups
from .round import Kept, Nest, Outcome, Question, Report, Round, Updates, Uplink, at_devices
from .uplinks.analog import Analog

LOSSES: Kept = 0.0, lambda so_far, devices, losses: so_far + tf.reduce_sum(losses)


def collect(
    uplink: Uplink, state: Nest, round: Round, updates_of: Updates, devices: tf.Tensor, chunk: int, kept: Kept = LOSSES
) -> tuple[Outcome, Nest]:
    """One round of the devices [C] that take part, and what is kept of what is beside updates: the sum of losses.

    Where ``chunk`` devices are all there are, updates are computed once. Else they are computed a chunk after another
    and never held together, and a second time for an uplink that probes. Under an aggregator the estimate is what it
    makes of separate ones.
    """
    nothing, more = kept

    def one_sum(state: Nest, round: Round, devices: tf.Tensor, so_far: Nest) -> tuple[Outcome, Nest]:
        return _one_sum(uplink, state, round, updates_of, devices, chunk, (so_far, more))

    if isinstance(uplink, Analog) and uplink.groups > 1:
        outcome, found = by_groups(uplink.groups, state, round, devices, one_sum, nothing)
    else:
        outcome, found = one_sum(state, round, devices, nothing)
    rule = round.terms.aggregator
    if rule is None or not rule.apart or outcome.apart is None:
        return outcome, found
    return outcome._replace(estimate=robust(rule, outcome.apart), received=None), found


def _one_sum(
    uplink: Uplink, state: Nest, round: Round, updates_of: Updates, devices: tf.Tensor, chunk: int, kept: Kept
) -> tuple[Outcome, Nest]:
    """The outcome of devices that send together, and what is kept with what is beside theirs."""
    at_hand = updates_of(devices) if chunk >= round.terms.air.devices else None

    def each_chunk(body: Callable[..., Nest], start: Nest) -> Nest:
        if at_hand:
            return body(start, devices, *at_hand)

        def step(first: tf.Tensor, carry: Nest) -> tuple[tf.Tensor, Nest]:
            some = devices[first : first + chunk]
            return first + chunk, body(carry, some, *updates_of(some))

        count = tf.size(devices)
        return tf.while_loop(lambda first, _: first < count, step, (tf.constant(0), start), parallel_iterations=1)[1]

    def probe(question: Question, nothing: Nest = None) -> Nest:
        def ask(answers: Nest, some: tf.Tensor, updates: tf.Tensor, _: Nest) -> Nest:
            answer = question(some, updates)
            if nothing is None:
                return answers + at_devices(some, answer, round.weights)
            return tf.nest.map_structure(tf.add, answers, answer)

        return each_chunk(ask, tf.zeros_like(round.weights) if nothing is None else nothing)

    def send(carry: tuple[Nest, Nest], some: tf.Tensor, updates: tf.Tensor, beside: Nest) -> Nest:
        return uplink.add(carry[0], round, some, updates), more(carry[1], some, beside)

    nothing_kept, more = kept
    acc, found = each_chunk(send, (uplink.begin(state, round, probe), nothing_kept))
    return uplink.end(acc, state, round), found


def apply(uplink: Uplink, state: Nest, round: Round, updates: tf.Tensor) -> tuple[tf.Tensor, Nest, Report]:
    """One round with the updates [K, d] of all devices at hand. Eagerly, an update that is not finite is refused."""
    if tf.executing_eagerly() and not bool(tf.reduce_all(tf.math.is_finite(updates))):
        raise ValueError("updates: expected finite numbers, received NaN or infinity")

    def updates_of(devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(updates, devices), tf.zeros(tf.shape(devices))

    devices = tf.where(round.weights > 0)[:, 0]
    outcome, _ = collect(uplink, state, round, updates_of, devices, round.terms.air.devices)
    return outcome.estimate, outcome.state, outcome.report
