"""A device is protected: its whole update is cut to the clip, and without it zeros stand in its place.

McMahan, Ramage, Talwar, Zhang, "Learning differentially private recurrent language models", ICLR 2018. Neither the
clip nor the number of devices helps against a receiver that hears noise alone: all of a device's energy tells that it
is there.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ....phy.strict import STRICT
from ._some import Some


@dataclass(frozen=True, config=STRICT)
class Device(Some):
    """Neighbours are rounds with one device's update and with zeros in its place."""

    per_sample: ClassVar[bool] = False
    protects: ClassVar[str] = "a device's update, or zeros in its place"

    def change(self, samples: tf.Tensor) -> tf.Tensor:
        return tf.fill(tf.shape(samples), self.clip)
