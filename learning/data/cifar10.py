"""CIFAR-10: 50,000 + 10,000 colour photographs of 32 x 32 pixels in ten classes."""

from pathlib import Path

import numpy as np

from ...phy.strict import dataclass
from . import Arrays
from .files import check_labels, local_file, local_folder, looked

FOLDER = "cifar-10-batches-bin"
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = ("test_batch.bin",)
IMAGES = 10_000  # a file
BYTES = 1 + 3 * 32 * 32  # an image
CLASSES = 10
REMEDY = "unpack https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz in the folder that OVERAIR_DATA names"


@dataclass(frozen=True)
class Cifar10:
    """Ten classes of 5,000 + 1,000 colour photographs of 32 x 32 pixels: CIFAR-10.

    ``load`` reads the six files of the binary version in $OVERAIR_DATA/cifar-10-batches-bin: 10,000 images a file, each
    a byte for its label and 32 x 32 bytes for red, green and blue in turn. It is never downloaded, because Keras's
    download is a set of pickles, and to read a pickle is to run whatever program is in it.

    Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    >>> from overair.learning.data.cifar10 import Cifar10
    >>> data = Cifar10().load()  # doctest: +SKIP
    >>> data.x_train.shape, data.x_test.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (10000, 32, 32, 3))
    """

    def load(self) -> Arrays:
        folder = local_folder(FOLDER)
        if folder is None:
            raise ValueError(
                f"data: expected the file {TRAIN[0]} and five more, received none: {looked(FOLDER)}; {REMEDY}"
            )
        train, test = ([local_file(folder, name, REMEDY) for name in names] for names in (TRAIN, TEST))
        return Arrays(*_read(train), *_read(test), CLASSES)


def _read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    x = np.empty([len(paths), IMAGES, 32, 32, 3], np.float32)
    y = np.empty([len(paths), IMAGES], np.int32)
    for place, path in enumerate(paths):
        records = _records(path)  # [N, 3073]
        check_labels(path, records[:, 0], CLASSES)
        y[place] = records[:, 0]
        x[place] = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    x /= 255
    return x.reshape(-1, 32, 32, 3), y.reshape(-1)


def _records(path: Path) -> np.ndarray:
    expected = IMAGES * BYTES
    try:
        content = np.fromfile(path, np.uint8, expected + 1)
    except OSError as error:
        raise ValueError(f"{path}: expected a file that can be read, received a fault: {error}; {REMEDY}") from None
    if len(content) != expected:
        came = "more" if len(content) > expected else len(content)
        raise ValueError(f"{path}: expected {expected} bytes ({IMAGES} images of {BYTES}), received {came}; {REMEDY}")
    return content.reshape(IMAGES, BYTES)
