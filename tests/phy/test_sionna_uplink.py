"""A Sionna uplink around ``AirSum``: its own codes, mapper, estimator and equaliser, a device in time and one too late.

Eb/N0 = 1/(2 r N0) at unit energy and rate r. Prefix and pilots are not counted: OFDM and plain AWGN are one experiment.
(Sionna's ebnodb2no, given the resource grid, counts them: OFDM would be 10 log10(80/64 14/12) = 1.64 dB worse.)
D of N samples past the prefix leave an SINR of (1 - D/N)^2 / (N0 + 2D/N - (D/N)^2).
"""

import numpy as np
import pytest
import tensorflow as tf
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
INSIDE, PAST = GRID.prefix // 2, 8  # a delay that does no harm, and samples past the prefix


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

    @tf.function(autograph=False)
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


def error_rate(ebno_db: np.ndarray | float, share: float = 0.0) -> np.ndarray:
    """Of uncoded bits, Q(sqrt(SINR)), with a share D/N past the prefix whose interference is taken as Gaussian."""
    return norm.sf(np.sqrt((1 - share) ** 2 / (0.5 * 10 ** (-ebno_db / 10) + 2 * share - share**2)))


def moved(ebno_db: np.ndarray, share: float) -> np.ndarray:
    """Where rate 1/2 has, past the prefix, the mean SINR it has inside; real interference is uneven over blocks."""
    noise = (1 - share) ** 2 * 10 ** (-ebno_db / 10) - 2 * share + share**2
    return -10 * np.log10(np.where(noise > 0, noise, 1e-9))  # at 90 dB where no power is enough


@pytest.fixture(scope="module")
def curves() -> dict:
    """(Eb/N0, bit errors, block errors) by whether coded and by delay, None being plain AWGN."""
    uncoded, fall, found = np.arange(0, 16.1, 4), np.arange(1.5, 2.45, 0.3), {}
    late = GRID.prefix + PAST
    for coded, delay in (False, INSIDE), (False, late), (True, None), (True, INSIDE), (True, late):
        config.seed = 1
        points = uncoded if not coded else fall if delay != late else moved(fall, PAST / GRID.subcarriers)
        enough = {"num_target_block_errors": 200} if coded else {"num_target_bit_errors": 4000}
        rates = sim_ber(Uplink(delay, coded), points, 200, 4, True, verbose=False, **enough)
        found[coded, delay] = points, *(rate.numpy() for rate in rates)
    return found


def bits_of_an_orthogonal_symbol_after_a_late_window(
    past: int, symbols: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Uncoded QPSK over numpy's own OFDM, prefix 16 of 64, late by 16 + past without noise: sent and received signs."""
    random = np.random.default_rng(seed)
    signs = random.choice([-1, 1], [2, symbols, 64])
    body = np.fft.ifft(signs[0] + 1j * signs[1], axis=-1)
    wave = np.concatenate([body[:, -16:], body], axis=-1).ravel()
    late = np.concatenate([np.zeros(16 + past), wave])[: wave.size].reshape(symbols, 80)[:, 16:]
    heard = np.fft.fft(late, axis=-1) * np.exp(2j * np.pi * np.arange(64) * (16 + past) / 64)
    return signs[:, 1:], np.stack([heard.real, heard.imag])[:, 1:]


def test_uncoded_bits_inside_the_prefix_fail_as_in_white_noise(curves: dict) -> None:
    ebno_db, rate, _ = curves[False, 8]
    expected = norm.sf(np.sqrt(2 * 10 ** (ebno_db / 10)))
    least = 200 * 1536  # bits of one batch: the fewest there can be at a point
    assert np.all(np.abs(rate - expected) < 4 * np.sqrt(expected / least) + 1e-9)


def test_past_the_prefix_uncoded_bits_have_the_floor_of_an_independent_simulation(curves: dict) -> None:
    sent, heard = bits_of_an_orthogonal_symbol_after_a_late_window(8, 20_000, seed=0)
    for ebno_db, rate, _ in zip(*curves[False, 24], strict=True):
        noise = np.sqrt(0.5 * 0.5 * 10 ** (-ebno_db / 10)) * np.sqrt(2)  # symbols have energy 2 here
        reference = norm.sf(sent * heard / noise).mean()
        wrong = (np.sign(heard) != sent).mean(axis=(0, 2))
        # bits of a symbol fail together, so the deviation is that of means over symbols: 12 a block, 200 blocks
        error = np.hypot(wrong.std() / (200 * 12) ** 0.5, (reference / (200 * 1536)) ** 0.5)
        assert abs(rate - reference) < 4 * error


def test_past_the_prefix_the_floor_is_that_of_gaussian_interference(curves: dict) -> None:
    ebno_db, rate, _ = curves[False, 24]
    gain, interference = (1 - 8 / 64) ** 2, 2 * 8 / 64 - (8 / 64) ** 2
    floor = norm.sf(np.sqrt(gain / interference))
    assert error_rate(np.inf, 8 / 64) == pytest.approx(floor)
    assert floor == pytest.approx(0.0354, abs=5e-5)
    at_16 = norm.sf(np.sqrt(gain / (0.5 * 10**-1.6 + interference)))
    assert rate[-1] == pytest.approx(at_16, rel=0.05)  # interference of 64 QPSK symbols is nearly Gaussian


def crossing(ebno_db: np.ndarray, rate: np.ndarray, at: float) -> float:
    """Where the curve falls to a rate, its logarithm interpolated."""
    order = np.argsort(np.log(rate))
    return float(np.interp(np.log(at), np.log(rate)[order], np.asarray(ebno_db)[order]))


@pytest.mark.parametrize("at", [0.5, 0.2])
def test_inside_the_prefix_the_coded_waterfall_is_that_of_white_noise_without_ofdm(curves: dict, at: float) -> None:
    plain, inside = (crossing(x, block, at) for x, _, block in (curves[True, None], curves[True, 8]))
    assert plain == pytest.approx({0.5: 1.74, 0.2: 1.99}[at], abs=0.05)
    assert abs(inside - plain) < 0.1


def test_past_the_prefix_the_coded_waterfall_moves_by_what_the_mean_sinr_says(curves: dict) -> None:
    plain, past = (crossing(x, block, 0.5) for x, _, block in (curves[True, None], curves[True, 24]))
    assert past == pytest.approx(moved(np.array([plain]), 8 / 64)[0], abs=0.2)
    assert past - plain > 3.5


def test_an_estimate_from_two_pilots_costs_what_its_noise_does() -> None:
    """Two pilots leave N0/2 of error beside N0 of noise, so the waterfall is 10 log10(3/2) = 1.76 dB later."""
    _, block = sim_ber(Uplink(8, True, "ls"), [2.8, 4.6], 200, 1, soft_estimates=True, verbose=False)
    assert block[0] > 0.9 and block[1] < 0.1
