"""From scenarios of multiuser diversity to gains of the best channels: drawn together over all bandwidths."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..running.units import Work

if TYPE_CHECKING:
    from ...phy import Channel

DRAWN = 100  # links at once
MOST = 2**26  # responses at once
STILL = 1e-9  # variance of gains that do not fade
Gains = Callable[[Any, Any, tuple[float, ...]], Any]


def prepare(study: Any) -> "Channel":
    """The channel, once it is known that it can be drawn."""
    from ...phy import diversity

    with named():
        channel: Channel = catalogue.build(study.channel, "channel")
    count = diversity.frequencies(max(study.bandwidth), channel.longest)
    if DRAWN * study.devices * study.antennas * count > MOST:
        most = MOST // (DRAWN * study.antennas * count)
        told = f"at most {most} over so wide a band, whose {count} frequencies are looked at"
        raise ScenarioError(fault("devices", told, study.devices))
    return channel


def build(study: Any, channel: "Channel") -> Gains:
    """Gains of all devices over each of some bandwidths, from a seed and the number of a draw: [W, B, K], compiled."""
    import tensorflow as tf

    from ...phy import diversity, keys
    from ...phy.link import Size

    size = Size(DRAWN, study.antennas, study.devices)

    @tf.function(autograph=False)
    def drawn(seed: tf.Tensor, number: tf.Tensor, widths: tuple[float, ...]) -> tf.Tensor:
        return diversity.gains(channel, size, widths, keys.key(seed, "diversity", number))

    return drawn


def measure(study: Any, drawn: Gains, work: Work) -> dict[str, np.ndarray]:
    """The measures of a seed, over bandwidths and numbers of senders."""
    import tensorflow as tf

    widths, seed, parts = tuple(work.wanted["bandwidth"]), tf.constant(work.seed, tf.int64), []
    for first in range(0, study.links, DRAWN):
        parts.append(drawn(seed, tf.constant(first // DRAWN), widths).numpy())
        work.progress(min(first + DRAWN, study.links), study.links)
    gains = np.concatenate(parts, axis=1).astype(np.float64)[:, : study.links]  # [W, links, K]
    blocks = np.array([_blocks(each) for each in gains])
    best = [[_best(each, count) for count in work.wanted["senders"]] for each in gains]
    gain, error = np.moveaxis(np.array(best), 2, 0)
    theory = [[_theory(count, study.devices, each) for count in work.wanted["senders"]] for each in blocks]
    return {"gain": gain, "gain_error": error, "theory": np.array(theory), "blocks": blocks}


def _best(gains: np.ndarray, senders: int) -> tuple[float, float]:
    """The mean gain of those of the best channels over that of all, from gains [links, K], and its standard error."""
    best = np.sort(gains, axis=1)[:, -senders:].mean(axis=1) / gains.mean()
    return float(best.mean()), float(best.std(ddof=1) / len(best) ** 0.5)


def _blocks(gains: np.ndarray) -> float:
    """1 over the variance of gains of mean 1; infinite where they are all the same, in float32."""
    variance = float((gains / gains.mean()).var())
    return 1.0 / variance if variance > STILL else np.inf


def _theory(senders: int, devices: int, blocks: float) -> float:
    from ...learning.federated.planning.diversity import mean_gain

    return mean_gain(senders, devices, blocks) if np.isfinite(blocks) else 1.0
