"""MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 pixels."""

from ...phy.strict import dataclass
from . import Arrays
from .files import load_idx

ORIGIN = "https://storage.googleapis.com/cvdf-datasets/mnist/"
SHA256 = (
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
)


@dataclass(frozen=True)
class Mnist:
    """Ten classes of about 6,000 + 1,000 handwritten digits of 28 x 28 pixels.

    ``load`` reads the four idx files in $OVERAIR_DATA/mnist, or else downloads them.

    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proceedings of the IEEE,
    1998.

    >>> from overair.learning.data.mnist import Mnist
    >>> data = Mnist().load()  # doctest: +SKIP
    >>> data.x_train.shape, data.x_test.shape  # doctest: +SKIP
    ((60000, 28, 28, 1), (10000, 28, 28, 1))
    """

    def load(self) -> Arrays:
        return load_idx("mnist", ORIGIN, SHA256)
