"""Impulse responses that an air draws, as a file for NumPy, MATLAB, Sionna and ``CirFile``.

    h[b, a, k](t, f) = sum_l a[b, 0, a, k, 0, l, t] exp(-2j pi f tau[b, 0, k, l])

is what rounds of a scenario with the same seed, slots and air have, impairments included: mean responses of symbols,
those before the data in which the channel is learnt first. Gains are as given: 1 is the gain that the SNR is defined
for, and nothing is normalised.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

from .. import durable, npz
from . import keys
from .air import Air
from .channels import _matlab
from .link import Paths

FORMATS = {".npz": npz.packed, ".mat": _matlab.packed}
AXES = "a [batch, rx, rx antenna, tx, tx antenna, path, time step], tau [batch, rx, tx, path] in seconds"


def save_cir(air: Air, path: str | Path, rounds: int, seed: int = 0, slots: int = 1) -> None:
    """Write the impulse responses of so many rounds of so many slots to a .npz or .mat file.

    ``a`` is complex64 [rounds, 1, A, K, 1, L, S], ``tau`` float32 [rounds, 1, K, L] in seconds: a device is a
    transmitter of one antenna. Steps are ``step_seconds`` apart, the first is ``first_seconds`` after the data of a
    round, which begins at ``start_seconds`` [rounds]; one step stands still. ``frequencies_hz`` [F] are the
    subcarriers', around ``carrier_hz`` where the channel has one; ``axes`` says the order in words.

    >>> from overair.phy import Air, CirFile, Grid, Tdl, save_cir
    >>> save_cir(Air(Grid(), Tdl("A"), devices=4, antennas=2), "tdl.npz", rounds=10)
    >>> channel = CirFile("tdl.npz", normalized=False, replayed=True)  # the same links
    >>> channel.static, round(1e9 * channel.longest)
    (True, 966)
    """
    file = Path(path)
    if file.suffix not in FORMATS:
        raise ValueError(
            f"save_cir.path: expected a name that ends with {' or '.join(FORMATS)}, received {str(path)!r}"
        )
    if not file.parent.is_dir():
        raise ValueError(f"save_cir.path: expected a file in a folder, received {str(path)!r}; make the folder first")
    for name, value, least in (("rounds", rounds, 1), ("slots", slots, 1), ("seed", seed, -(2**63))):
        if not isinstance(value, int | np.integer) or not least <= value < 2**63:
            bound = f" of at least {least}" if least == 1 else ""
            raise ValueError(f"save_cir.{name}: expected a whole number{bound}, received {value!r}")
    durable.write(file, FORMATS[file.suffix](_arrays(air, rounds, seed, slots)))


def _arrays(air: Air, rounds: int, seed: int, slots: int) -> dict[str, np.ndarray]:
    grid = air.grid
    draw = tf.function(lambda number, time: _paths(air, seed, number, time, slots), autograph=False)
    first = draw(tf.constant(0), tf.constant(0.0, tf.float64))
    if (size := rounds * (first.a.numpy().nbytes + first.tau.numpy().nbytes)) > npz.MOST_BYTES:
        most = f"{npz.MOST_BYTES / 2**30:.3g} GiB"
        raise ValueError(
            f"save_cir.rounds: expected responses of at most {most}, received {size / 2**30:.3g}; take fewer"
        )
    starts = _starts(air, rounds, slots)
    every = [first, *(draw(tf.constant(number), tf.constant(starts[number])) for number in range(1, rounds))]
    a, tau = (np.concatenate([getattr(paths, name) for paths in every]) for name in ("a", "tau"))  # [B, A, K, L, S]
    if (earliest := np.where((a != 0).any((1, 4)), tau, 0.0).min()) < 0:
        raise ValueError(
            f"save_cir.air: expected every arrival at 0 s or later, as impulse responses in files have, received "
            f"{earliest:.3g} s; make offsets late in place of early"
        )
    carrier = getattr(air.channel, "carrier", None)
    return {
        "a": a[:, None, :, :, None],
        "tau": tau[:, None],
        "step_seconds": np.array(grid.symbol_seconds),
        "start_seconds": starts,
        "first_seconds": np.array(-air.lead * grid.symbol_seconds),
        "frequencies_hz": grid.frequencies.numpy(),
        **({} if carrier is None else {"carrier_hz": np.array(carrier)}),
        "axes": np.array(AXES),
    }


def _starts(air: Air, rounds: int, slots: int) -> np.ndarray:
    """When the data of each round begins, in seconds: rounds follow one another, pilots included."""
    grid = air.grid
    return np.arange(rounds) * (slots * grid.slot_seconds + air.pilots / grid.subcarriers * grid.symbol_seconds)


def _paths(air: Air, seed: int, number: tf.Tensor, time: tf.Tensor, slots: int) -> Paths:
    """What ``Air.draw`` draws in a round of a scenario, over all of its symbols."""
    key, place = keys.key(seed, "round", number, "link"), air.init(keys.key(seed, "place"))
    faded, chain, span = air.fade(place, key, time, slots, batch=1)
    return chain.apply(faded.mean, span)


__all__ = ["save_cir"]
