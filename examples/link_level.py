"""A QPSK uplink over OFDM whose device is late, uncoded and at rate 1/2: error rates against SNR, as a figure.

A delay inside the cyclic prefix costs nothing. D of N samples past it leave an SINR of (1 - D/N)^2 / (N0 + 2D/N -
(D/N)^2): an uncoded floor, and a code's waterfall that comes later. Eb/N0 is the SNR, Es/N0, less 10 log10 of the
information bits of a symbol: 3 dB uncoded, 0 dB at rate 1/2.
"""

import argparse
from collections.abc import Sequence

import xarray as xr

from overair.figures import draw
from overair.scenarios import run

PREFIX, SUBCARRIERS = 16, 64
SNRS = [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6, 8, 10, 12, 15, 19]
QUICK = [0, 0.5, 1, 1.5, 3.5, 4.5, 5.5, 10, 19]


def scenario(past: int, csir: str, seed: int, quick: bool) -> dict:
    """The study ``link`` of a device that is late within the prefix, and so many samples past it."""
    late = [PREFIX // 2, PREFIX + past]
    offsets = [[{"kind": "timing_offset", "low": samples, "high": samples, "whole": True}] for samples in late]
    return {
        "study": "link",
        "title": f"QPSK over OFDM, a device {late[0]} and {late[1]} samples late, prefix {PREFIX} of {SUBCARRIERS}",
        "code_rate": [1, "1/2"],
        "block": 768,
        "errors": 100 if quick else 200,
        "most": 400 if quick else 2000,
        "seeds": [seed],
        "grid": {"subcarriers": SUBCARRIERS, "symbols": 14, "prefix": PREFIX},
        "link": {
            "channel": "awgn",
            "impairments": offsets,
            "csir": csir,
            "oversampling": 1,
            "snr_db": QUICK if quick else SNRS,
        },
    }


def main(arguments: Sequence[str] | None = None) -> xr.Dataset:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="link_level.png", help="file of the figure: .png, .pdf or .svg")
    parser.add_argument("--past", type=int, default=8, help="samples that a device is past the prefix of 16")
    parser.add_argument("--csir", choices=["perfect", "estimated"], default="perfect", help="the receiver's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="few SNRs, few blocks")
    given = parser.parse_args(arguments)
    results = run(scenario(given.past, given.csir, given.seed, given.quick))
    draw(results, given.out)
    return results


if __name__ == "__main__":
    main()
