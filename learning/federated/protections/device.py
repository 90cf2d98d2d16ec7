"""A device is protected: its whole update is cut to the clip, and without it zeros stand in its place."""

from typing import ClassVar

import tensorflow as tf

from ....phy.strict import dataclass
from ._some import Some


@dataclass(frozen=True)
class Device(Some):
    """Neighbours are rounds with one device's update and with zeros in its place: a device is protected.

    Its whole update is cut to the norm ``clip``, which is also the most that the update changes between neighbours.
    Neither the clip nor the number of devices helps against a receiver that hears noise alone: all of a device's energy
    tells that it is there.

    Without a target ``epsilon`` devices use all their power, whatever epsilon becomes. With one, what rounds may tell
    is planned anew in each from what is left: equal parts, or by ``rate`` more in later rounds, as Liu and Simeone have
    it. Where a round may tell less than it would, devices send weaker, or ``fill`` what is left of their power with
    noise.

    McMahan, Ramage, Talwar, Zhang, "Learning differentially private recurrent language models", ICLR 2018.

    >>> import tensorflow as tf
    >>> from overair.learning import Device
    >>> Device(clip=0.5, delta=1e-5).change(samples=tf.constant([100.0, 200.0])).numpy().tolist()
    [0.5, 0.5]
    """

    per_sample: ClassVar[bool] = False
    protects: ClassVar[str] = "a device's update, or zeros in its place"

    def change(self, samples: tf.Tensor) -> tf.Tensor:
        return tf.fill(tf.shape(samples), self.clip)
