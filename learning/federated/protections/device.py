"""A device is protected: its whole update is cut to the clip, and without it the sum lacks that.

McMahan, Ramage, Talwar, Zhang, "Learning differentially private recurrent language models", ICLR 2018. Neither the
clip nor the number of devices helps against a receiver that hears noise alone: all of a device's energy tells that it
is there.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le, Lt
from pydantic.dataclasses import dataclass

from ....phy.strict import STRICT


@dataclass(frozen=True, config=STRICT)
class Device:
    """Neighbours are rounds with and without one device's update."""

    clip: Annotated[float, Gt(0), Le(1e12)] = 1.0
    """Norm at which an update is cut."""
    delta: Annotated[float, Gt(0), Lt(1)] = 1e-5
    """Chance at which epsilon may be exceeded, as privacy has it."""
    per_sample: ClassVar[bool] = False
    protects: ClassVar[str] = "a device that is there or not"

    def change(self, samples: tf.Tensor) -> tf.Tensor:
        return tf.fill(tf.shape(samples), self.clip)
