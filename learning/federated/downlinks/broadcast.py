"""A broadcast with noise: the server sends what it has of an update, and every device decodes a copy of its own."""

from typing import Annotated, ClassVar, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Le

from ....ota import Analog, Outcome, ReceivedSum, Terms, Uplink
from ....ota.codecs import pack, unpack
from ....ota.terms import check_kept, remembering
from ....phy import keys, squared
from ....phy.keys import Key
from ....phy.physical import budgets
from ....phy.strict import dataclass
from ..server import Served, check_plain
from ..task import Weights, moved
from . import Score
from ._scores import mean_score


@dataclass(frozen=True)
class Broadcast:
    """The same symbols to all devices, which have SNRs of their own: a broadcast with noise.

    The server sends what it has of an update, and every device decodes a copy of its own. Symbols s [M] are sent with
    energy P_B an element, the same in every round, so that device k, which has undone its own channel and knows the
    scale, reads s + eta_k with eta_k ~ CN(0, (|s|^2/M)/SNR_k I), decodes u_k and moves its own model theta_k by it.
    With plain SGD of rate r at the server, whose own model theta moves by the estimate u, the device's drift away from
    it grows as

        drift_k <- drift_k - r (u_k - u),    theta_k = theta + drift_k.

    All devices receive, also those that did not send. Only gradients at theta_k correct the drift: a common part comes
    back with the sum, what differs stays. Where the estimate is broadcast, two parameters a symbol, M = ceil(d/2) and a
    parameter of u_k - u has variance |u|^2 / (2M SNR_k). Where an analog uplink's received symbols y are, M is the
    uplink's own and u_k = decode(y + eta_k): with a random linear code of m rows the variance is |y|^2 / (m SNR_k) in
    the mean over codes.

    Abdi, "Distributed learning and inference in deep models", 2020, ch. 5 (y_i = y + eta_i, eq. 5.4).

    >>> from overair.learning import Broadcast
    >>> from overair.ota import Ideal, Terms
    >>> from overair.phy import Air, Grid, Rayleigh
    >>> terms = Terms(Air(Grid(), Rayleigh(), devices=4), size=650, elements=325)
    >>> downlink = Broadcast(snr_db=10.0, offsets_db=(0.0, -3.0))
    >>> downlink.elements(Ideal(), terms), downlink.init(terms).shape  # resource elements; drift [K, d]
    (325, TensorShape([4, 650]))
    """

    snr_db: Annotated[float, Ge(-300), Le(300)]
    """SNR of the broadcast, in dB; P_B/N0."""
    offsets_db: tuple[Annotated[float, Ge(-300), Le(300)], ...] = ()
    """SNRs of single devices over it, in dB; for devices 0, 1 and so on, and again from the first."""
    sends: Literal["estimate", "received"] = "estimate"
    """What is broadcast: the estimate, or the symbols an analog uplink received."""
    own_models: ClassVar[bool] = True
    uses_air: ClassVar[bool] = True

    def check(self, uplink: Uplink, terms: Terms, optimizer: keras.optimizers.Optimizer) -> None:
        """Raise ValueError where devices cannot keep models of their own."""
        if self.sends == "received" and not isinstance(uplink, Analog):
            raise ValueError("downlink.sends: expected estimate for an uplink that is not analog, received received")
        if self.sends == "received" and uplink.apart:
            raise ValueError("downlink.sends: expected estimate for an uplink of several sums, received received")
        if found := remembering(uplink):
            raise ValueError(
                f"uplink.{found[0]}: expected one that does without the last estimate, which a downlink with noise "
                f"does not bring to everybody alike, received {found[1]}"
            )
        if len(self.offsets_db) > terms.air.devices:
            raise ValueError(
                f"downlink.offsets_db: expected one for each of {terms.air.devices} devices or fewer to repeat, "
                f"received {len(self.offsets_db)}"
            )
        devices, size = terms.air.devices, terms.size
        check_kept("downlink", "models that devices keep", devices * size, f"{devices} devices x {size} parameters")
        check_plain(optimizer, "a downlink, as devices keep no optimizer of their own")

    def elements(self, uplink: Uplink, terms: Terms) -> int:
        """Resource elements of a broadcast, which has them for itself."""
        if self.sends == "received" and isinstance(uplink, Analog):
            return uplink.codec.elements(terms.layers, terms.elements - (not uplink.rule.announced))
        return -(-terms.size // 2)

    def init(self, terms: Terms) -> tf.Tensor:
        return tf.zeros([terms.air.devices, terms.size])

    def model(self, server: Weights, drift: tf.Tensor, device: tf.Tensor) -> Weights:
        return moved(server, tf.gather(drift, device))

    def score(self, score: Score, server: Weights, drift: tf.Tensor) -> tf.Tensor:
        return mean_score(score, server, drift)

    def step(self, drift: tf.Tensor, outcome: Outcome, served: Served, key: Key) -> tf.Tensor:
        (devices, size), estimate = drift.shape, outcome.estimate
        symbols, decode = self._sent(outcome, size)
        energy = tf.reduce_mean(squared(symbols))
        snr = 10 ** (self.snr_db / 10) * budgets(self.offsets_db, devices)  # [K]
        variance = energy / tf.constant(snr, tf.float32)
        moves = tf.where(energy > 0, served.rates(), 0.0)  # where nobody was heard nothing is sent
        key = keys.fold(key, "downlink")

        def one(device: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
            number, noise, before = device  # [], [], [d]
            eta = tf.cast(tf.sqrt(noise), symbols.dtype) * keys.complex_normal(keys.fold(key, number), symbols.shape)
            return before - moves * (decode(symbols + eta, noise / 2.0) - estimate)

        everybody = (tf.range(devices), variance, drift)
        return tf.map_fn(one, everybody, fn_output_signature=tf.TensorSpec([size]), parallel_iterations=1)

    def _sent(self, outcome: Outcome, size: int) -> ReceivedSum:
        """What is broadcast, and how a device makes an estimate of its copy."""
        if self.sends == "received" and outcome.received is not None:
            return outcome.received
        return ReceivedSum(pack(outcome.estimate), lambda symbols, _: unpack(symbols, size))
