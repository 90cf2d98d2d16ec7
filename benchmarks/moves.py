"""What moves what: one factor of a federation doubled at a time, and by which power of it each metric changes.

Each cell is log2 of a metric with the factor doubled over the metric without, the mean over seeds and its standard
error: 1 is in proportion, -1 inverse, 0 not at all. Claims: what cannot move does not, to float precision. Computing
does not move what is sent, nor what is learnt in so many rounds; powers, channels, bands and sizes of packets do not
move computing. Within so many seconds computing does move the loss.
"""

import argparse
import math
from typing import Any

import numpy as np
import xarray as xr
from side_by_side import verdict

from overair.scenarios import run
from overair.scenarios.results import reached

DOUBLE_DB = 10 * math.log10(2)
FACTORS: dict[str, dict[str, Any]] = {
    "clock of processors": {"hardware.frequency": 1e9},
    "transmit power": {"radio.power_dbm": 23 + DOUBLE_DB, "link.snr_db": 5 + DOUBLE_DB},
    "gain of channels": {"link.snr_db": 5 + DOUBLE_DB},
    "bandwidth": {"grid.subcarriers": 24, "grid.prefix": 2, "link.snr_db": 5 - DOUBLE_DB},
    "bits of packets": {"grant.bits": 4000},
    "samples of a step": {"batch_size": 20},
    "devices that send": {"scheduler.senders": 8},
}
COMPUTING, SENDING = ("seconds computing", "joules computing"), ("seconds sending", "joules sending", "decoded")
LEARNING = ("loss", "rounds")
STILL = {
    "clock of processors": (*SENDING, *LEARNING),
    **dict.fromkeys(("transmit power", "gain of channels", "bandwidth", "bits of packets"), COMPUTING),
}


def scenario(rounds: int, seeds: int) -> dict[str, Any]:
    return {
        "data": "digits", "model": "softmax", "partition": {"kind": "dirichlet", "alpha": 0.3}, "devices": 16,
        "batch_size": 10, "algorithm": {"kind": "fedavg", "steps": 5, "learning_rate": 0.2}, "rounds": rounds,
        "evaluate_every": 1, "seeds": [*range(seeds)], "scheduler": {"kind": "random", "senders": 4},
        "hardware": {"kind": "cpu", "cycles": 4e6, "frequency": 0.5e9}, "radio": {"power_dbm": 23.0},
        "uplink": {"kind": "digital", "compressor": "eden", "margin_db": 1.0}, "grant": {"bits": 2000.0},
        "grid": {"subcarriers": 12, "prefix": 1},
        "link": {"channel": "rayleigh", "snr_db": 5.0, "csit": {"kind": "error_variance", "e": 0.05}},
        "variants": {"as it is": {}, **FACTORS},
    }  # fmt: skip


def metrics(results: xr.Dataset, accuracy: float) -> dict[str, np.ndarray]:
    """Of each variant and seed, [V, S]."""
    mean = results.mean("round")
    seconds = float(results.elapsed.isel(variant=0).max() / 2)
    done = (results.elapsed <= seconds).sum("round") - 1
    level = reached.goal(results, f"accuracy={accuracy}")
    found = {
        "loss": results.loss.isel(round=-1),
        "loss in time": results.loss.isel(round=done.clip(min=0)),
        "seconds sending": mean.airtime,
        "joules sending": mean.radio_joules,
        "seconds computing": mean.seconds - mean.airtime,
        "joules computing": mean.compute_joules,
        "rounds": reached.reached(results, level).rounds,
        "decoded": 1 - mean.unheard,
    }
    return {name: each.transpose("variant", "seed").values for name, each in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--accuracy", type=float, default=0.8, help="that rounds are counted to")
    told = parser.parse_args()
    found = metrics(run(scenario(told.rounds, told.seeds)), told.accuracy)
    print(f"{'':22}" + "".join(f"{name:>20}" for name in found))
    for at, factor in enumerate(FACTORS, 1):
        powers = {}
        for name, values in found.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                powers[name] = np.log2(values[at] / values[0])
        cells = [f"{each.mean():+.3f} +- {each.std(ddof=1) / len(each) ** 0.5:.3f}" for each in powers.values()]
        print(f"{factor:22}" + "".join(f"{cell:>20}" for cell in cells))
        for name in STILL.get(factor, ()):
            same = np.allclose(found[name][at], found[name][0], rtol=1e-6, atol=0, equal_nan=True)
            verdict(f"{factor} does not move {name}", same, f"{np.abs(powers[name]).max():.2g}")


if __name__ == "__main__":
    main()
