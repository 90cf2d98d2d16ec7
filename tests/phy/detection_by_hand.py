"""What a belief's error leaves of a link, derived a second time and in numpy alone.

Truth h and belief g are circular of mean zero, so of all linear readings c g of the belief the best has c = E[h g*] /
E|g|^2. It lacks eps = E|h|^2 - |E[h g*]|^2 / E|g|^2, uncorrelated with g. Behind maximum ratio combining of independent
antennas a symbol of power P has the SNR P |c g|^2 / (N0 + P eps).

Every belief is here twice: as what statistics say (``delayed``, ``quantised``, ``piloted``), and as draws of truth and
belief (``draw_...``), which know nothing of these statistics. Delays count samples of the grid, J0 is the correlation
that a path keeps from when it was known to when it is used.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expn

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Profile = tuple[Array, Array]  # mean powers and delays of paths, [L] each

MARGIN = 0.5  # samples that the robust covariance reaches beyond the first and the last arrival
TDL_A = (  # 3GPP TR 38.901, table 7.7.2-1: delay in RMS delay spreads, power in dB
    (0.0, -13.4), (0.3819, 0.0), (0.4025, -2.2), (0.5868, -4.0), (0.461, -6.0), (0.5375, -8.2), (0.6708, -9.9),
    (0.575, -10.5), (0.7618, -7.5), (1.5375, -15.9), (1.8978, -6.6), (2.2242, -16.7), (2.1718, -12.4),
    (2.4942, -15.2), (2.5119, -10.8), (3.0582, -11.3), (4.081, -12.7), (4.4579, -16.2), (4.5695, -18.3),
    (4.7966, -18.9), (5.0066, -16.6), (5.3043, -19.9), (9.6586, -29.7),
)  # fmt: skip


class Reading(NamedTuple):
    """The factor c, the error power eps, and the mean power E|c g|^2 of what is read, an antenna."""

    c: NDArray
    eps: NDArray
    signal: NDArray


def reading(cross: NDArray, belief: NDArray, truth: NDArray) -> Reading:
    """From E[h g*], E|g|^2 and E|h|^2."""
    signal = np.abs(cross) ** 2 / belief
    return Reading(cross / belief, truth - signal, signal)


def tdl_a(spread: float) -> Profile:
    """Of an RMS delay spread in samples."""
    delays, db = np.array(TDL_A).T
    powers = 10 ** (db / 10)
    return powers / powers.sum(), delays * spread


# --- what statistics say


def delayed(j0: float, profile: Profile) -> Reading:
    """All paths keep the same of themselves, so the belief is of use as a whole."""
    power = np.array(profile[0].sum())
    return reading(np.array(j0 * power), power, power)


def quantised(phase_bits: int, amplitude_bits: int) -> Reading:
    """Of a Rayleigh channel of power 1; E[|h| level] = E[level^2], as levels are mean amplitudes."""
    half = np.pi / 2**phase_bits
    power = np.array(np.mean(levels(amplitude_bits) ** 2))
    return reading(np.array(np.sin(half) / half * power), power, np.array(1.0))


def levels(bits: int) -> Array:
    """The mean amplitude in each of 2^bits equally likely classes, by the integral of 2 r^2 exp(-r^2)."""
    edges = np.sqrt(-np.log1p(-np.arange(2**bits) / 2**bits))  # of |h|
    below = np.append(np.sqrt(np.pi) / 2 * erf(edges) - edges * np.exp(-(edges**2)), np.sqrt(np.pi) / 2)
    return np.diff(below) * 2**bits


def class_errors(phase_bits: int, amplitude_bits: int) -> Array:
    """eps in each class of the amplitude, E[|h|^2 | class] - |c level|^2; ``quantised`` has their mean."""
    told = quantised(phase_bits, amplitude_bits)
    edges = -np.log1p(-np.arange(2**amplitude_bits) / 2**amplitude_bits)  # of |h|^2
    above = np.append((edges + 1) * np.exp(-edges), 0.0)  # the integral of x exp(-x) from there
    return -np.diff(above) * 2**amplitude_bits - (told.c * levels(amplitude_bits)) ** 2


def covariance(profile: Profile, subcarriers: int) -> Complex:
    """E[h h^H] over subcarriers, [F, F]."""
    waves = np.exp(-2j * np.pi * np.outer(np.arange(subcarriers), profile[1]) / subcarriers)
    return (waves * profile[0]) @ waves.conj().T


def piloted(profile: Profile, weights: Complex, pilots: NDArray, noise: float, j0: float = 1.0) -> Reading:
    """An estimator [F, P] that is linear in what is heard on pilots, used when J0 is left of the channel."""
    r = covariance(profile, len(weights))
    cross = j0 * np.sum(r[:, pilots] * weights.conj(), axis=1)
    heard = r[np.ix_(pilots, pilots)] + noise * np.eye(len(pilots))
    belief = np.sum(weights @ heard * weights.conj(), axis=1).real
    return reading(cross, belief, r.diagonal().real)


def nearest(subcarriers: int, pilots: NDArray) -> Complex:
    """Each subcarrier takes the nearest pilot, the lower of two."""
    gap = np.abs(np.arange(subcarriers)[:, None] - pilots)
    return np.eye(len(pilots), dtype=complex)[gap.argmin(axis=1)]


def linear(subcarriers: int, pilots: NDArray) -> Complex:
    """A line through the two pilots around, or through the two outermost ones beyond these."""
    f = np.arange(subcarriers)
    left = np.clip(np.searchsorted(pilots, f, side="right") - 1, 0, len(pilots) - 2)
    share = (f - pilots[left]) / (pilots[left + 1] - pilots[left])
    each = np.eye(len(pilots), dtype=complex)
    return (1 - share)[:, None] * each[left] + share[:, None] * each[left + 1]


def robust(subcarriers: int, pilots: NDArray, noise: float, first: float, last: float) -> Complex:
    """LMMSE for power 1 spread evenly over all arrivals; a sinc, from the integral of exp(-2j pi f tau / F)."""
    low, high = first - MARGIN, last + MARGIN
    apart = (np.arange(subcarriers)[:, None] - np.arange(subcarriers)) / subcarriers
    r = np.sinc((high - low) * apart) * np.exp(-1j * np.pi * (low + high) * apart)
    return r[:, pilots] @ np.linalg.inv(r[np.ix_(pilots, pilots)] + noise * np.eye(len(pilots)))


def bits(snr: NDArray, antennas: int = 1) -> NDArray:
    """E log2(1 + snr x), x the sum of so many exponentials of mean 1: exp(1/snr) sum_n E_n(1/snr)."""
    inverse = 1 / np.asarray(snr)
    return np.exp(inverse) * sum(expn(n, inverse) for n in range(1, antennas + 1)) / np.log(2)


def quantised_bits(phase_bits: int, amplitude_bits: int, power: float, antennas: int = 1) -> float:
    """A belief has few amplitudes, all equally likely at each antenna."""
    told, level = quantised(phase_bits, amplitude_bits), levels(amplitude_bits)
    energy = level**2 if antennas == 1 else np.add.outer(level**2, level**2)
    return float(np.log2(1 + power * told.c**2 * energy / (1 + power * told.eps)).mean())


# --- draws of truth and belief, [N, A, F]


def normal(rng: np.random.Generator, *shape: int) -> Complex:
    return np.sqrt(0.5) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))


def draw_delayed(
    rng: np.random.Generator, turn: float, profile: Profile, subcarriers: int, count: int, antennas: int
) -> tuple[Complex, Complex]:
    """Waves from all sides, whose phases go on by at most ``turn`` from the belief to the truth."""
    waves = 128
    a = normal(rng, count, antennas, len(profile[0]), waves) * np.sqrt(profile[0] / waves)[:, None]
    ahead = np.exp(1j * turn * np.cos(rng.uniform(0, 2 * np.pi, [count, 1, len(profile[0]), waves])))
    steer = np.exp(-2j * np.pi * np.outer(profile[1], np.arange(subcarriers)) / subcarriers)
    return (a * ahead).sum(-1) @ steer, a.sum(-1) @ steer


def draw_quantised(
    rng: np.random.Generator, phase_bits: int, amplitude_bits: int, count: int, antennas: int
) -> tuple[Complex, Complex]:
    """The classes' mean amplitudes are those of very many evenly spaced quantiles of the amplitude."""
    h = normal(rng, count, antennas, 1)
    order = np.sqrt(-np.log1p(-(np.arange(2**20) + 0.5) / 2**20)).reshape(2**amplitude_bits, -1)
    size = order.mean(axis=1)[np.searchsorted(order[1:, 0], np.abs(h))]
    sector = 2 * np.pi / 2**phase_bits
    phase = (np.floor(np.angle(h) / sector) + 0.5) * sector if phase_bits else 0.0
    return h, size * np.exp(1j * phase)


def draw_piloted(
    rng: np.random.Generator,
    profile: Profile,
    subcarriers: int,
    pilots: NDArray,
    noise: float,
    count: int,
    antennas: int,
) -> tuple[Complex, Complex]:
    """The truth, and what is heard on pilots."""
    steer = np.exp(-2j * np.pi * np.outer(profile[1], np.arange(subcarriers)) / subcarriers)
    h = normal(rng, count, antennas, len(profile[0])) * np.sqrt(profile[0]) @ steer
    return h, h[..., pilots] + np.sqrt(noise) * normal(rng, count, antennas, len(pilots))


def fit_linear(heard: Complex, pilots: NDArray, subcarriers: int) -> Complex:
    """Numpy's interpolation inside, and a polynomial of degree 1 through two pilots outside."""
    f = np.arange(subcarriers)
    flat = heard.reshape(-1, len(pilots))
    inside = np.array([np.interp(f, pilots, row.real) + 1j * np.interp(f, pilots, row.imag) for row in flat])
    low, high = f < pilots[0], f > pilots[-1]
    for side, two in ((low, slice(0, 2)), (high, slice(-2, None))):
        line = np.linalg.solve(np.vander(pilots[two].astype(float), 2), flat[:, two].T)  # [2, N A]
        inside[:, side] = (np.vander(f[side].astype(float), 2) @ line).T
    return inside.reshape(*heard.shape[:-1], subcarriers)


def fit_robust(heard: Complex, pilots: NDArray, noise: float, subcarriers: int, first: float, last: float) -> Complex:
    """The posterior mean of very many weak paths, evenly spread; no covariance of the channel appears."""
    count = 400
    delays = first - MARGIN + (np.arange(count) + 0.5) / count * (last - first + 2 * MARGIN)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(subcarriers), delays) / subcarriers)
    seen = waves[pilots]
    precision = seen.conj().T @ seen / noise + count * np.eye(count)
    paths = np.linalg.solve(precision, seen.conj().T @ heard.reshape(-1, len(pilots)).T / noise)
    return (waves @ paths).T.reshape(*heard.shape[:-1], subcarriers)
