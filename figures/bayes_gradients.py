"""Recovery of real gradients, those of the preset bayes_recovery, from random sums by every scheme.

The network is trained without an uplink, as the preset's ideal one does it, and its gradients are taken after some
steps. Of a gradient g the k = ratio d largest entries x are kept and m = d/2 sums y = A x + w are made with rows of a
Hadamard matrix; the NMSE is |x_hat - x|^2/|x|^2 over several matrices, the SNR |A x|^2/|w|^2.

Three gradients tell what matters: the ``real`` one; one whose kernels are ``shuffled`` each within itself, so that
neither layers' shares of large entries nor amplitudes change, but nobody's neighbours are his; and one with ``normal``
amplitudes on the same support.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from ..learning import Task
from ..learning.data.mnist import Mnist
from ..learning.federated.task import flatten
from ..learning.models.dropout_cnn import DropoutCnn
from ..ota import Amp, EmBgAmp, Lmmse, Recovery, least_squares_on
from ..ota.layers import Layers, size_of
from ..ota.projections import hadamard
from ..phy import keys
from ..scenarios.results import curves
from ._tables import Rows, table, write

SEED, BATCH, RATE, DELTA = 0, 64, 0.1, 0.5
MOMENTS = (0, 100, 400)  # steps of training after which gradients are taken
RATIOS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.35)
PUBLISHED = 0.25
SNRS = (np.inf, 20.0)
DRAWS = 4
KERNEL = (5, 5, 10, 20)
LAYERS: Layers = (
    *((5, 5, 1, 5), (5,), (5, 5, 5, 10), (10,), KERNEL, (20,)),
    *((320, 320), (320,), (320, 10), (10,)),
)
SCHEMES: dict[str, Recovery] = {
    "amp": Amp(),
    "em_bg_amp spatial=false": EmBgAmp(),
    "em_bg_amp spatial=true": EmBgAmp(spatial=True),
    "lmmse": Lmmse(),
}
ORACLE = "oracle"  # least squares on the true support
GRADIENTS = ("real", "shuffled", "normal")
COLUMNS = ("scheme", "gradient", "moment", "ratio", "snr_db", "draws", "nmse", "deviation")


def gradients(moments: Sequence[int] = MOMENTS) -> np.ndarray:
    """On a batch, after so many steps of training [moments, d]."""
    data = Mnist().load()
    task, rng = Task(DropoutCnn().build(data.x_train.shape[1:], data.classes, SEED)), np.random.default_rng(SEED)
    x, weights = tf.constant(data.x_train), task.weights()
    found: dict[int, np.ndarray] = {}
    for step in range(max(moments) + 1):
        batch = rng.choice(len(data.y_train), BATCH, replace=False)
        labels = tf.constant(data.y_train[batch])
        key = keys.key(SEED, step)
        _, parts, _ = task.gradient(weights, tf.gather(x, batch), labels, tf.ones([BATCH]), key, tf.constant(0))
        if step in moments:
            found[step] = flatten(parts).numpy()
        weights = weights._replace(trainable=[w - RATE * g for w, g in zip(weights.trainable, parts, strict=True)])
    return np.stack([found[moment] for moment in moments])


def largest(gradient: np.ndarray, ratio: float) -> np.ndarray:
    """The share of entries that is largest in magnitude, zeros elsewhere."""
    count = round(ratio * gradient.size)
    return np.where(np.abs(gradient) >= np.sort(np.abs(gradient), axis=None)[-count], gradient, 0.0)


def variant(x: np.ndarray, name: str, layers: Layers = LAYERS) -> np.ndarray:
    """What is measured instead of x: itself, ``shuffled`` or ``normal``."""
    rng = np.random.default_rng(SEED)
    if name == "normal":
        return np.where(x != 0, rng.normal(size=x.shape), 0.0)
    if name == "shuffled":
        parts = np.split(x, np.cumsum([size_of((layer,)) for layer in layers])[:-1])
        return np.concatenate(
            [rng.permutation(part) if len(layer) == 4 else part for part, layer in zip(parts, layers, strict=True)]
        )
    return x


def simulate(x: np.ndarray, snr_db: float, draws: int = DRAWS, seed: int = SEED, layers: Layers = LAYERS) -> np.ndarray:
    """NMSE of the schemes, the oracle last, [schemes, draws]."""
    return np.array([_one(x.astype(np.float32), snr_db, seed, draw, layers) for draw in range(draws)]).T


def _one(x: np.ndarray, snr_db: float, seed: int, draw: int, layers: Layers) -> np.ndarray:
    noise = np.float32(10 ** (-snr_db / 10) * (x**2).sum() / round(DELTA * x.size))
    return _errors(tf.constant(x), tf.constant(noise), keys.key(seed, "bayes", draw), layers).numpy()


@tf.function(autograph=False, reduce_retracing=True)
def _errors(x: tf.Tensor, noise: tf.Tensor, key: keys.Key, layers: Layers) -> tf.Tensor:
    rows = round(DELTA * x.shape[0])
    a = hadamard(keys.fold(key, "matrix"), rows, x.shape[0])
    y = a.forward(x) + tf.sqrt(noise) * keys.normal(keys.fold(key, "noise"), [rows])
    estimates = [scheme.recover(y, a, noise, layers) for scheme in SCHEMES.values()]
    errors = tf.stack([*estimates, least_squares_on(x != 0, y, a)]) - x  # [schemes, d]
    return tf.reduce_sum(errors**2, axis=1) / tf.reduce_sum(x**2)


def rows(moments: Sequence[int] = MOMENTS, draws: int = DRAWS) -> Iterator[tuple[str, ...]]:
    """The names of the columns, and a row for every gradient, share of entries, SNR and scheme."""
    yield COLUMNS
    for moment, gradient in zip(moments, gradients(moments), strict=True):
        for name, ratio in [("real", ratio) for ratio in RATIOS] + [(name, PUBLISHED) for name in GRADIENTS[1:]]:
            x = variant(largest(gradient, ratio), name)
            for snr_db in SNRS:
                for scheme, errors in zip([*SCHEMES, ORACLE], simulate(x, snr_db, draws), strict=True):
                    numbers = (
                        f"{ratio:g}",
                        f"{snr_db:g}",
                        str(draws),
                        f"{errors.mean():.6g}",
                        f"{errors.std(ddof=1):.6g}",
                    )
                    yield scheme, name, str(moment), *numbers


def kernel(gradient: np.ndarray) -> np.ndarray:
    """The part of the third kernel (H, W, D, F) as a matrix [H W, D F]."""
    at = LAYERS.index(KERNEL)
    first = size_of(LAYERS[:at])
    return gradient[first : first + size_of((KERNEL,))].reshape(KERNEL[0] * KERNEL[1], -1)


# --- Tables in files


def errors_of(file: Path) -> Rows:
    """The table of errors by column; a file that is not there is simulated and written first."""
    return table(file, COLUMNS, rows(), 2, [f"seed {SEED}"])


def kernel_of(file: Path, moment: int = MOMENTS[1]) -> np.ndarray:
    """A gradient of the third kernel, [25, 200]; a file that is not there is made first."""
    if not file.exists():
        matrix = kernel(gradients((moment,))[0])
        names = ("height", "width", *(f"{depth}_{f}" for depth in range(KERNEL[2]) for f in range(KERNEL[3])))
        places = [divmod(place, KERNEL[1]) for place in range(len(matrix))]
        about = [f"seed {SEED}", f"steps {moment}", "columns of depth_filter of a kernel of (5, 5, 10, 20)"]
        numbers = ([*map(str, place), *(f"{v:.4g}" for v in row)] for place, row in zip(places, matrix, strict=True))
        write(file, iter([names, *numbers]), about)

    def matrix_of(sheet: curves.Sheet) -> np.ndarray:
        found = np.array([[float(text) for text in row[2:]] for row in sheet.rows.values()])
        if found.shape != (KERNEL[0] * KERNEL[1], KERNEL[2] * KERNEL[3]):
            raise ValueError(f"a gradient has 25 rows and 202 columns, received the shape {found.shape}")
        return found

    return curves.read(file, matrix_of)
