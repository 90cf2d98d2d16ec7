"""What a device keeps from round to round: what did not arrive, or what it shares with the server.

With updates u, a compressor that makes z_hat of z, and a weight b:

* ``owed``: z = u + b r, and then r <- (1 - b) r + z - z_hat. What the weight holds back is kept. b = 1 is usual
  error feedback; b below 1 is for compressors whose error may exceed what they compress. Abdi, "Distributed learning
  and inference in deep models", 2020, eq. 4.14. Of a constant g and a compressor that leaves out a share a, r settles
  at a g/(b (1-a)), and g arrives.
* ``decayed``: the same z, and r <- z - z_hat. What the weight holds back is dropped, so r settles at a g/(1 - a b), and
  (1-a) g/(1 - a b) arrives. Chen et al., "How to attain communication-efficient DNN training? Convert, compress,
  correct", 2022.
* ``shared``: z = u - h, the server reads h + z_hat, and both set h <- h + b z_hat. A packet that is lost leaves h as it
  is at both ends, and the server reads h. With b = 1 that is EF21, for compressors that never err by more than silence;
  below it is DIANA's, for unbiased ones. Richtarik, Sokolov, Fatkhullin, "EF21: a new, simpler, theoretically better,
  and practically faster error feedback", NeurIPS 2021; Mishchenko et al., "Distributed learning with compressed
  gradient differences", 2019.

With a momentum e below 1 all of that is of v <- (1 - e) v + e u instead of u, from v = 0 on: EF21-SGDM, if shared.
Fatkhullin, Tyurin, Richtarik, "Momentum provably improves error feedback!", NeurIPS 2023.
"""

from typing import Literal, TypeAlias

import tensorflow as tf

Law: TypeAlias = Literal["owed", "decayed", "shared"]
Wanted: TypeAlias = tuple[tf.Tensor | None, tf.Tensor, tf.Tensor]  # owed, averaged over rounds, and asked for


def slowed(momentum: float, slow: tf.Tensor, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
    """v of devices [C] after their updates [C, d], from that of all [K, d]; the updates where all of them counts."""
    return updates if momentum == 1 else (1.0 - momentum) * tf.gather(slow, devices) + momentum * updates


def wanted(law: Law, weight: float, slow: tf.Tensor, kept: tf.Tensor | None) -> tf.Tensor:
    """z, [C, d], with what is kept of devices, r or h; None where nothing is."""
    if kept is None:
        return slow
    return slow - kept if law == "shared" else slow + weight * kept


def read(law: Law, kept: tf.Tensor | None, decoded: tf.Tensor) -> tf.Tensor:
    """What the server takes for v when it decodes so much of z, zeros if it was lost, [C, d]."""
    return decoded if kept is None or law != "shared" else decoded + kept


def after(law: Law, weight: float, kept: tf.Tensor, asked: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    """What is kept when z was asked for, and so much of it decoded, [C, d]."""
    if law == "shared":
        return kept + weight * decoded
    return ((1.0 - weight) * kept if law == "owed" else tf.zeros_like(kept)) + asked - decoded


def put(rows: tf.Tensor, devices: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Rows of all devices [K, d] with those of some [C, d] anew; unchanged where there are none."""
    return rows if rows.shape[0] == 0 else tf.tensor_scatter_nd_update(rows, devices[:, None], values)
