"""Fashion-MNIST: 60,000 + 10,000 pieces of clothing of 28 x 28 pixels."""

from ...phy.strict import dataclass
from . import Arrays
from .files import load_idx

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
SHA256 = (
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)


@dataclass(frozen=True)
class FashionMnist:
    """Ten classes of 6,000 + 1,000 pieces of clothing of 28 x 28 pixels.

    ``load`` reads the four idx files in $OVERAIR_DATA/fashion-mnist, or else downloads them.

    Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
    arXiv:1708.07747, 2017.

    >>> from overair.learning.data.fashion_mnist import FashionMnist
    >>> data = FashionMnist().load()  # doctest: +SKIP
    >>> data.x_train.shape, data.x_test.shape  # doctest: +SKIP
    ((60000, 28, 28, 1), (10000, 28, 28, 1))
    """

    def load(self) -> Arrays:
        return load_idx("fashion-mnist", ORIGIN, SHA256)
