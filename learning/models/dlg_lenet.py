"""The network that gradients are easiest matched on: three convolutions with sigmoids, which are smooth."""

import keras

from ...phy.strict import dataclass
from . import check_image, seeds

STRIDES = (2, 2, 1)
WITHIN = 0.5


@dataclass(frozen=True)
class DlgLenet:
    """Images of at least 4 x 4: three convolutions with sigmoids.

    These have second derivatives, so gradients are matched most easily. 12 filters of 5 x 5 each, at strides 2, 2 and
    1, padded, and a dense layer. All weights are uniform within 0.5.

    Zhu, Liu, Han, "Deep leakage from gradients", NeurIPS 2019.

    >>> from overair.learning.models.dlg_lenet import DlgLenet
    >>> DlgLenet().build((28, 28, 1), classes=10, seed=0).count_params()
    13426
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("dlg_lenet", shape, 4)
        each, layers = seeds(seed), keras.layers

        def drawn() -> dict[str, keras.initializers.Initializer]:
            names = ("kernel_initializer", "bias_initializer")
            return {name: keras.initializers.RandomUniform(-WITHIN, WITHIN, next(each)) for name in names}

        return keras.Sequential(
            [
                keras.Input(shape),
                *(
                    layers.Conv2D(12, 5, strides, padding="same", activation="sigmoid", **drawn())
                    for strides in STRIDES
                ),
                layers.Flatten(),
                layers.Dense(classes, **drawn()),
            ]
        )
