"""A QPSK uplink over OFDM whose device is late, coded and uncoded: error rates against Eb/N0, as a figure.

Eb/N0 = 1/(2 r N0) at unit energy and rate r. Prefix and pilots are not counted: OFDM and plain AWGN are one experiment.
(Sionna's ebnodb2no, given the resource grid, counts them: OFDM would be 10 log10(80/64 14/12) = 1.64 dB worse.)
D of N samples past the prefix leave an SINR of (1 - D/N)^2 / (N0 + 2D/N - (D/N)^2).
"""

import argparse

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from scipy.stats import norm
from sionna.phy import config
from sionna.phy.channel import AWGN
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import LMMSEEqualizer, LSChannelEstimator, ResourceGrid, ResourceGridMapper
from sionna.phy.utils import ebnodb2no, sim_ber

from overair.phy import Air, Awgn, Grid, TimingOffset
from overair.phy.sionna_blocks import AirSum

GRID = Grid(subcarriers=64, symbols=14, prefix=16)
INSIDE = GRID.prefix // 2  # a delay that does no harm


class Uplink:
    """From bits to what is decided of them; ``late`` in samples, or None for plain AWGN without OFDM."""

    def __init__(self, late: int | None, coded: bool, csir: str = "perfect") -> None:
        pilots = {"pilot_pattern": "kronecker", "pilot_ofdm_symbol_indices": [0, 7]}  # no data in the first symbol
        rg = ResourceGrid(GRID.symbols, GRID.subcarriers, GRID.spacing, cyclic_prefix_length=GRID.prefix, **pilots)
        bits = 2 * int(rg.num_data_symbols)
        self.late, self.coded, self.csir = late, coded, csir
        self.rate, self.shape = (0.5, [1, 1, bits // 2]) if coded else (1.0, [1, 1, bits])
        self.source, self.mapper, self.demapper = BinarySource(), Mapper("qam", 2), Demapper("app", "qam", 2)
        if coded:
            self.encoder = LDPC5GEncoder(self.shape[-1], bits)
            self.decoder = LDPC5GDecoder(self.encoder, cn_update="minsum", hard_out=False)  # no matter how LLRs scale
        offset = (TimingOffset(late, late, whole=True),) if late else ()
        self.air = AirSum(Air(GRID, Awgn(), 1, impairments=offset, oversampling=1), return_channel=True)
        self.awgn, self.estimator = AWGN(), LSChannelEstimator(rg, interpolation_type="lin_time_avg")
        self.onto_grid, streams = ResourceGridMapper(rg), StreamManagement(np.array([[1]]), 1)
        self.equalizer = LMMSEEqualizer(rg, streams)

    @tf.function
    def __call__(self, batch_size: tf.Tensor, ebno_db: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        no = ebnodb2no(ebno_db, 2, self.rate)
        bits = self.source([batch_size, *self.shape])
        x = self.mapper(self.encoder(bits) if self.coded else bits)  # [B, 1, 1, elements]
        if self.late is None:
            x = self.awgn(x, no)
        else:
            y, h, _ = self.air(self.onto_grid(x), no)  # [B, 1, 1, T, F], [B, 1, 1, 1, 1, T, F]
            h, error = (h, 0.0) if self.csir == "perfect" else self.estimator(y, no)
            x, no = self.equalizer(y, h, error, no)
        return bits, (self.decoder if self.coded else tf.identity)(self.demapper(x, no))


def error_rate(ebno_db: np.ndarray, share: float = 0.0) -> np.ndarray:
    """Of uncoded bits, Q(sqrt(SINR)), with a share D/N past the prefix whose interference is taken as Gaussian."""
    return norm.sf(np.sqrt((1 - share) ** 2 / (0.5 * 10 ** (-ebno_db / 10) + 2 * share - share**2)))


def moved(ebno_db: np.ndarray, share: float) -> np.ndarray:
    """Where rate 1/2 has, past the prefix, the mean SINR it has inside; real interference is uneven over blocks."""
    noise = (1 - share) ** 2 * 10 ** (-ebno_db / 10) - 2 * share + share**2
    return -10 * np.log10(np.where(noise > 0, noise, 1e-9))  # at 90 dB where no power is enough


def simulate(past: int, csir: str, seed: int, quick: bool) -> dict:
    """(Eb/N0, bit errors, block errors) by whether coded and by delay, None being plain AWGN."""
    uncoded, fall = np.arange(0, 16.1, 4 if quick else 2), np.arange(1.5, 2.45, 0.3 if quick else 0.15)
    curves, late = {}, GRID.prefix + past
    for coded, delay in (False, INSIDE), (False, late), (True, None), (True, INSIDE), (True, late):
        print("\ncoded," if coded else "\nuncoded,", "plain AWGN" if delay is None else f"{delay} samples late")
        config.seed = seed
        points = uncoded if not coded else fall if delay != late else moved(fall, past / GRID.subcarriers)
        enough = {"num_target_block_errors": 200} if coded else {"num_target_bit_errors": 4000}
        rates = sim_ber(Uplink(delay, coded, csir), points, 200, 4 if quick else 10, True, **enough)
        curves[coded, delay] = points, *(rate.numpy() for rate in rates)
    return curves


def draw(curves: dict, past: int, out: str) -> None:
    """Marks are OFDM over the air. Lines are theory on the left; on the right, plain AWGN as simulated, and moved."""
    share, ebno_db, (x, _, block) = past / GRID.subcarriers, np.linspace(0, 16, 200), curves[True, None]
    figure = Figure(figsize=(7.1, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(ebno_db, error_rate(ebno_db), "k", lw=1, label="AWGN")
    left.plot(ebno_db, error_rate(ebno_db, share), "C1--", lw=1, label="Gaussian interference")
    right.plot(x, block, "k", moved(x, share), block, "C1--", lw=1)
    for (coded, delay), (x, *rates) in curves.items():
        if delay:
            mark, text = ("C0o", "inside") if delay == INSIDE else ("C1s", f"{past} samples past")
            (left, right)[coded].plot(x, rates[coded], mark, mfc="none", ms=4, label=f"OFDM, {text} the prefix")
    for panel, low, name in ((left, 1e-5, "Bit error rate, uncoded"), (right, 5e-3, "Block error rate, LDPC 1/2")):
        panel.set(yscale="log", ylim=(low, 1.3), xlabel="$E_b/N_0$ (dB)", ylabel=name)
        panel.grid(lw=0.4, alpha=0.6)
    figure.legend(handles=left.lines, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(out, dpi=300)


def main(arguments: list[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="link_level.png", help="file of the figure: .png, .pdf or .svg")
    parser.add_argument("--past", type=int, default=8, help="samples that a device is past the prefix of 16")
    parser.add_argument("--csir", choices=["perfect", "ls"], default="perfect", help="the receiver's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="few points, few blocks")
    given = parser.parse_args(arguments)
    draw(curves := simulate(given.past, given.csir, given.seed, given.quick), given.past, given.out)
    return curves


if __name__ == "__main__":
    main()
