"""Quantised compressive sampling beside QSGD and random-k: the error at equal bits, and what it does to training.

    python -m overair.figures.qcs_variance --out qcs_variance.png --curves docs/curves

Above, after Abdi's fig. 4.1 and 4.2: relative error |g_hat - g|^2/|g|^2 against compression gain, 32 d over the bits
used, of gradients of LeNet (d = 61,706) while it learns the digits that scikit-learn carries along, enlarged to 28 x
28 pixels; and how much that error scatters, over keys and gradients, relative to its mean. Dotted lines are bounds:
(4.10) for QCS, min(d/s^2, sqrt(d)/s) for QSGD at log2(2s + 1) bits; d/k - 1 of random-k is exact. Below:
``qcs_regression``.

Numbers come from qcs_variance.csv and qcs_regression.csv in the folder of curves; one that is not there is simulated
and written first, which takes minutes. Abdi, "Distributed learning and inference in deep models", 2020, ch. 4.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ..learning import Task
from ..learning.data.digits import Digits
from ..learning.federated.task import flatten
from ..learning.models.lenet import Lenet
from ..ota import Compressor, Qcs, Qsgd, RandomK
from ..ota.compressors import qcs
from ..phy import keys
from ..scenarios import curves, results
from . import qcs_regression as regression
from .curve import COLOURS, MARKERS, STYLE

SEED, SIDE, BATCH, RATE = 0, 28, 128, 0.05
MOMENTS = (0, 50, 150, 400)  # steps of training after which gradients are taken
GAINS = tuple(2.0 ** (at / 2) for at in range(21))
DRAWS = 20
COLUMNS = ("scheme", "moment", "target_gain", "gain", "draws", "error", "deviation", "bound")
LOOKS = {  # of all panels: colour and marker
    "QCS": (COLOURS[0], MARKERS[0]),
    "QCS 40% fewer bits": (COLOURS[5], MARKERS[4]),
    "QSGD fixed length": (COLOURS[1], MARKERS[1]),
    "QSGD entropy coded": (COLOURS[4], MARKERS[5]),
    "random-k": (COLOURS[2], MARKERS[2]),
    "top-k": (COLOURS[3], MARKERS[3]),
    "baseline": (COLOURS[6], MARKERS[7]),
}


def schemes(size: int) -> dict[str, Compressor]:
    """What is compared, on vectors of so many entries."""
    fixed = regression.Fixed(size)
    return {"QCS": Qcs(), "QSGD fixed length": fixed, "QSGD entropy coded": Qsgd(), "random-k": RandomK()}


def gradients(moments: Sequence[int] = MOMENTS) -> np.ndarray:
    """Of LeNet on a batch of enlarged digits, after so many steps of training [moments, d]."""
    data = Digits().load()
    x = tf.image.resize(data.x_train, [SIDE, SIDE])
    model = Lenet().build((SIDE, SIDE, 1), data.classes, SEED)
    task, rng, found = Task(model), np.random.default_rng(SEED), []
    weights = task.weights()
    for step in range(max(moments) + 1):
        batch = rng.choice(len(data.y_train), BATCH, replace=False)
        key = keys.key(SEED, step)
        _, parts, _ = task.gradient(
            weights, tf.gather(x, batch), tf.constant(data.y_train[batch]), tf.ones([BATCH]), key, tf.constant(0)
        )
        if step in moments:
            found.append(flatten(parts).numpy())
        weights = weights._replace(trainable=[w - RATE * g for w, g in zip(weights.trainable, parts, strict=True)])
    return np.stack(found)


def simulate(
    compressor: Compressor, gradient: np.ndarray, gains: Sequence[float], draws: int = DRAWS, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors and gains [gains, draws] where bits are 32 d over the gains that are asked for."""
    g = tf.constant(gradient, tf.float32)
    energy, size = tf.reduce_sum(g**2), len(gradient)

    @tf.function(autograph=False)
    def some(bits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def one(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            decoded, used = compressor.compress(g, bits, keys.key(seed, "qcs variance", index))
            return tf.reduce_sum((decoded - g) ** 2) / energy, 32.0 * size / used

        return tf.map_fn(one, tf.range(draws), fn_output_signature=(tf.float32, tf.float32))

    found = [some(tf.constant(32.0 * size / gain, tf.float32)) for gain in gains]
    return np.array([error for error, _ in found]), np.array([gain for _, gain in found])


def bound(name: str, size: int, gain: float) -> float:
    """On the mean of the relative error, infinite where there is none."""
    if name == "QCS":
        return float(qcs.plan(-(-size // 2**16) * 2**16, tf.constant(32.0 * size / gain, tf.float32)).bound)
    if name == "random-k":
        return size / int(size / gain) - 1
    s = (2.0 ** (32.0 / gain) - 1.0) / 2.0
    return min(size / s**2, size**0.5 / s) if name == "QSGD fixed length" else np.inf


def rows(moments: Sequence[int] = MOMENTS, draws: int = DRAWS) -> Iterator[tuple[str, ...]]:
    """The names of the columns, and a row for every scheme, gradient and gain."""
    yield COLUMNS
    found = gradients(moments)
    for name, compressor in schemes(found.shape[1]).items():
        shortest = 32.0 / np.log2(3.0) if name == "QSGD fixed length" else np.inf  # no fewer than three levels
        gains = [gain for gain in GAINS if gain <= shortest] + ([shortest * (1 - 1e-4)] if shortest < np.inf else [])
        for moment, gradient in zip(moments, found, strict=True):
            for target, error, gain in zip(gains, *simulate(compressor, gradient, gains, draws), strict=True):
                limit = bound(name, len(gradient), target)
                numbers = target, gain.mean(), draws, error.mean(), error.std(ddof=1), limit
                yield name, str(moment), *(f"{number:.6g}" for number in numbers)


# --- Tables in files


def table(
    file: Path,
    columns: Sequence[str],
    made: Iterator[tuple[str, ...]],
    texts: int = 1,
    about: Sequence[str] = (f"seed {SEED}",),
) -> list[dict[str, str]]:
    """The rows of a file by column, of which the first few are texts; one that is not there is written first."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        curves.write(file, [f"study {file.stem}", f"versions {json.dumps(results.versions())}", *about], made)
    return curves.read(file, lambda sheet: by_column(sheet, columns, texts))


def by_column(sheet: curves.Sheet, columns: Sequence[str], texts: int) -> list[dict[str, str]]:
    """The rows of a sheet that has these columns, of which all behind the first few are numbers."""
    if tuple(sheet.names) != tuple(columns) or not sheet.rows:
        raise ValueError(f"the columns are {', '.join(columns)}")
    for row in sheet.rows.values():
        [float(text) for text in row[texts:]]
    return [dict(zip(columns, row, strict=True)) for row in sheet.rows.values()]


def select(rows: list[dict[str, str]], *columns: str, **where: str) -> np.ndarray:
    """Columns of the rows that have these values, as numbers [columns, rows]."""
    chosen = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return np.array([[float(row[name]) for row in chosen] for name in columns])


# --- Drawing


def draw(errors: list[dict[str, str]], runs: list[dict[str, str]], path: str | Path) -> None:
    """Draw both studies into a file."""
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 5.6), layout="constrained")
        panels = figure.subplot_mosaic([list("aaabbb"), list("ccddee")])
        _errors(panels["a"], panels["b"], errors)
        _share(panels["c"], runs)
        for panel, step in ((panels["d"], "0.05"), (panels["e"], "0.1")):
            _paths(panel, runs, step)
        panels["d"].set_ylabel("Excess loss (1 at the start)")
        for panel in panels.values():
            panel.grid(True, linewidth=0.4, color="0.85")
        handles: dict[str, Artist] = {}
        for panel in panels.values():
            shown, labels = panel.get_legend_handles_labels()
            handles |= {str(label): handle for handle, label in zip(shown, labels, strict=True)}
        names = [name for name in LOOKS if name in handles]
        figure.legend([handles[name] for name in names], names, loc="outside upper center", ncols=4, frameon=False)
        figure.supxlabel(_caption(errors, runs), fontsize=6.5, color="0.35")
        figure.savefig(path, dpi=300)


def _caption(errors: list[dict[str, str]], runs: list[dict[str, str]]) -> str:
    moments, gains = len({row["moment"] for row in errors}), {}
    for row in runs:
        gains[row["scheme"]] = 32 * regression.SIZE / float(row["bits"])
    return (
        f"Above: gradients of LeNet at {moments} moments of its training, {errors[0]['draws']} draws each; bands of "
        "one deviation, bounds dotted.\nBelow: linear regression, 3,200 weights, batches of 32, "
        f"{runs[0]['runs']} runs; gains of {gains['QCS']:.0f} (QCS), {gains['QCS 40% fewer bits']:.0f} (fewer bits), "
        f"{gains['QSGD fixed length']:.0f} (QSGD fixed length),\n{gains['QSGD entropy coded']:.0f} (entropy coded) and "
        f"{gains['top-k']:.0f} (top-k). A run has converged at a tenth of its first loss; bands of 1.5 deviations."
    )


def _errors(left: Axes, right: Axes, rows: list[dict[str, str]]) -> None:
    """Mean and bound above gains, and the scatter."""
    for name in dict.fromkeys(row["scheme"] for row in rows):
        colour = LOOKS[name][0]
        targets = list(dict.fromkeys(row["target_gain"] for row in rows if row["scheme"] == name))
        points = [
            select(rows, "gain", "error", "deviation", "bound", scheme=name, target_gain=target) for target in targets
        ]
        gain, mean, limit = (np.array([point[at].mean() for point in points]) for at in (0, 1, 3))
        scatter = np.array([(point[2] ** 2).mean() + point[1].var() for point in points]) ** 0.5
        shown = np.append(gain[1:] > 1.1 * gain[:-1], True) & (mean > 1e-12)  # not where the finest levels leave bits
        gain, mean, limit, scatter = gain[shown], mean[shown], limit[shown], scatter[shown]
        left.plot(gain, mean, label=name, **_line(name), markevery=2)
        left.fill_between(gain, np.maximum(mean - scatter, mean / 10), mean + scatter, color=colour, alpha=0.2, lw=0)
        left.plot(gain, limit, color=colour, linewidth=0.8, linestyle=":")
        right.plot(gain, np.where(scatter > 1e-3 * mean, scatter / mean, np.nan), **_line(name), markevery=2)
    for panel in (left, right):
        panel.set(xscale="log", yscale="log", xlim=(1.0, 3000.0), xlabel="Compression gain")
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    left.set(ylim=(1e-6, 3e3), ylabel="Relative error")
    right.set(ylim=(0.01, 2.0), ylabel="Deviation / mean of error")


def _share(panel: Axes, rows: list[dict[str, str]]) -> None:
    """Marks only where lines fall: at 0 and 100 % they lie on each other."""
    last = max((row["iteration"] for row in rows), key=int)
    for name in regression.SCHEMES:
        step, share = select(rows, "step_size", "converged", scheme=name, iteration=last)
        falls = [at for at in range(len(share)) if len({*share[max(at - 1, 0) : at + 2]}) > 1]
        panel.plot(step, 100 * share, **_line(name), markevery=falls)
    panel.set(xlabel="Step size $\\mu$", ylabel="Runs that converge (%)")


def _paths(panel: Axes, rows: list[dict[str, str]], step: str) -> None:
    for name in regression.SCHEMES:
        at, mean, spread = select(rows, "iteration", "log10_excess", "deviation", scheme=name, step_size=step)
        panel.plot(at, 10**mean, **_line(name), markevery=4, label=name)
        low, high = 10 ** (mean - 1.5 * spread), 10 ** (mean + 1.5 * spread)
        panel.fill_between(at, low, high, color=LOOKS[name][0], alpha=0.2, lw=0)
    panel.set(yscale="log", ylim=(1e-7, 1e3), xlabel="Iteration")
    panel.set_title(f"Step size $\\mu$ = {step}", fontsize=8)


def _line(name: str) -> dict[str, Any]:
    colour, marker = LOOKS[name]
    return {"color": colour, "marker": marker, "markersize": 3.5, "linewidth": 1.2}


def main() -> None:
    """From tables, simulated where they are missing, to a picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("qcs_variance.png"), help="the picture (.png, .pdf, .svg)")
    parser.add_argument("--curves", type=Path, default=Path("."), help="the folder of the CSV files")
    wanted = parser.parse_args()
    tf.get_logger().setLevel("ERROR")  # a function for every compressor and gradient is compiled on purpose
    errors = table(wanted.curves / "qcs_variance.csv", COLUMNS, rows())
    runs = table(wanted.curves / "qcs_regression.csv", regression.COLUMNS, regression.rows())
    draw(errors, runs, wanted.out)


if __name__ == "__main__":
    main()
