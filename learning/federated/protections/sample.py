"""A sample is protected: each one's gradient is cut to the clip, and one of n that is replaced moves the mean by 2/n.

Abadi et al., "Deep learning with differential privacy", CCS 2016. Whoever holds the sample is not hidden by it.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ....phy.strict import STRICT
from ._some import Some


@dataclass(frozen=True, config=STRICT)
class Sample(Some):
    """Neighbours are data of which one sample is another; every round takes all of them."""

    per_sample: ClassVar[bool] = True
    protects: ClassVar[str] = "a sample that is replaced"

    def change(self, samples: tf.Tensor) -> tf.Tensor:
        return 2.0 * self.clip / samples
