"""A sample is protected: each one's gradient is cut to the clip, and one of n that is replaced moves the mean by 2/n.

Abadi et al., "Deep learning with differential privacy", CCS 2016. Whoever holds the sample is not hidden by it.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le, Lt
from pydantic.dataclasses import dataclass

from ....phy.strict import STRICT


@dataclass(frozen=True, config=STRICT)
class Sample:
    """Neighbours are data of which one sample is another; every round takes all of them."""

    clip: Annotated[float, Gt(0), Le(1e12)] = 1.0
    """Norm at which a sample's gradient is cut."""
    delta: Annotated[float, Gt(0), Lt(1)] = 1e-5
    """Chance at which epsilon may be exceeded, as privacy has it."""
    per_sample: ClassVar[bool] = True
    protects: ClassVar[str] = "a sample that is replaced"

    def change(self, samples: tf.Tensor) -> tf.Tensor:
        return 2.0 * self.clip / samples
