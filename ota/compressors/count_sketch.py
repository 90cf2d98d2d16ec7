"""Count-sketch: r rows of w cells; in each an entry is added with a random sign to the cell that a hash gives it."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from ..sketches import draw, median, read, sketch
from . import ALONE, Known

CELL_BITS = 32


@dataclass(frozen=True)
class CountSketch:
    """A count-sketch of as many cells as fit, and the median of its rows.

        cell(r, c) = sum_i s_r(i) x_i over entries i with h_r(i) = c,   x_hat_i = median_r s_r(i) cell(r, h_r(i)).

    An entry's estimate from a row is its cell times its sign: itself, plus or minus whatever else fell there. Over
    hashes that is unbiased, and the error of a row is (d - 1)/w of |x|^2 for every x; that of the mean of all rows (d -
    1)/(r w). The median of rows is unbiased too, as each errs alike to both sides. It ignores the few large entries of
    a sparse x where they collide; of a dense x rows are nearly normal and the median of 3 errs by .4487 (d - 1)/w, of 5
    by .2868 (d - 1)/w, so by more than their mean. With ``kept`` the receiver takes the k largest estimates and zeros
    for the rest, which is biased, and worse than silence where no entry stands out. Hashes and signs follow from the
    key; cells are float32 of 32 bits, however small the numbers in them. Where every entry fits in 32 bits there is no
    sketch and no error. Of an update with a NaN or an infinity no cell is finite, as cells are shares of the largest
    magnitude. Charikar, Chen, Farach-Colton, "Finding frequent items in data streams", 2002; Rothchild et al.,
    "FetchSGD: communication-efficient federated learning with sketching", ICML 2020.

    >>> import tensorflow as tf
    >>> from overair.ota import CountSketch
    >>> from overair.phy import keys
    >>> x = tf.one_hot(7, 256, on_value=3.0)  # a single large entry
    >>> decoded, used = CountSketch().compress(x, tf.constant(4096.0), keys.key(0, "code"))
    >>> int(tf.argmax(decoded)), round(float(decoded[7]), 3), float(used)
    (7, 3.0, 4000.0)
    """

    rows: Annotated[int, Ge(1), Le(31)] = 5
    """Cells an entry is added to."""
    kept: Annotated[float, Gt(0), Le(1)] | None = 0.02
    """Largest estimates that are kept for each cell, k/(r w); all of them if there is none."""
    contractive: ClassVar[bool] = False  # the noise of cells may exceed what is sketched

    @property
    def unbiased(self) -> bool:
        return self.kept is None

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        room, whole = tf.cast(bits, tf.float32), tf.constant(float(CELL_BITS * size))
        width = tf.cast(tf.clip_by_value(room / CELL_BITS, 0.0, float(size)), tf.int32) // self.rows

        def sketched() -> tuple[tf.Tensor, tf.Tensor]:
            hashes = draw(key, self.rows, tf.maximum(width, 1), size)
            found = self._largest(median(read(sketch(update[None], hashes), hashes))[0], width)
            return tf.where(width > 0, found, 0.0), tf.cast(CELL_BITS * self.rows * width, tf.float32)

        return tf.cond(room >= whole, lambda: (update, whole), sketched)

    def _largest(self, found: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        if self.kept is None:
            return found
        count = tf.round(self.kept * tf.cast(self.rows * width, tf.float32))
        chosen = subsets.largest(subsets.order(tf.abs(found)), tf.maximum(tf.cast(count, tf.int32), 1))
        return tf.where(chosen, found, 0.0)
