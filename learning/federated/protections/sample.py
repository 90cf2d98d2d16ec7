"""A sample is protected: each gradient is cut to the clip, and one of n that is replaced moves the mean by 2/n."""

from typing import ClassVar

import tensorflow as tf

from ....phy.strict import dataclass
from ._some import Some


@dataclass(frozen=True)
class Sample(Some):
    """Neighbours are data of which one sample is another; every round takes all of them: a sample is protected.

    Each one's gradient is cut to the norm ``clip`` C, and one of n that is replaced moves a device's mean by 2 C/n at
    most. Whoever holds the sample is not hidden by it. A target ``epsilon`` is planned for as ``Device`` has it.

    Abadi et al., "Deep learning with differential privacy", CCS 2016.

    >>> import tensorflow as tf
    >>> from overair.learning import Sample
    >>> print(Sample(clip=0.5, delta=1e-5).change(samples=tf.constant([100.0, 200.0])).numpy())
    [0.01  0.005]
    """

    per_sample: ClassVar[bool] = True
    protects: ClassVar[str] = "a sample that is replaced"

    def change(self, samples: tf.Tensor) -> tf.Tensor:
        return 2.0 * self.clip / samples
