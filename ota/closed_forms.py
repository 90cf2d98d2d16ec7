"""Bit error rates (BER) in closed form: uncoded BPSK and square QAM with Gray labels, over AWGN and Rayleigh fading.

Deciding for the nearest symbol is deciding for the nearest of L levels in each dimension. From the level s the decision
passes the border b with probability Q(|b - s| / sigma), and costs so many wrong bits more or fewer, h:

    BER = 1/(L log2 L) sum_s sum_b h(s, b) Q(|b - s| / sigma) = sum_i w_i Q(a_i sqrt(SNR)),

exact at every SNR, also where a symbol is taken for one that is no neighbour. SNR is Es/N0. Over Rayleigh fading and A
branches combined by maximum ratio, each of mean SNR g, the mean of Q(a sqrt(SNR)) is, with mu^2 = a^2 g/(2 + a^2 g),

    ((1 - mu)/2)^A sum_{k<A} binom(A - 1 + k, k) ((1 + mu)/2)^k.

Cho and Yoon, "On the general BER expression of one- and two-dimensional amplitude modulations", IEEE Trans.
Communications 2002; Proakis, "Digital communications", 13.4.
"""

import numpy as np
from scipy.special import binom, ndtr


def ber_awgn(order: int, snr: float | np.ndarray) -> np.ndarray:
    """Over AWGN, for so many bits a symbol (1 for BPSK, else even)."""
    weights, distances = _terms(order)
    return np.sum(weights * ndtr(-distances * np.sqrt(np.asarray(snr, float)[..., None])), axis=-1)


def ber_rayleigh(order: int, snr: float | np.ndarray, branches: int = 1) -> np.ndarray:
    """Over Rayleigh fading that the receiver knows; ``snr`` is the mean of a branch."""
    weights, distances = _terms(order)
    power = distances**2 * np.asarray(snr, float)[..., None]
    low = 1 / (2 + power + np.sqrt(power * (2 + power)))  # (1 - mu)/2 without a difference of what is nearly equal
    k = np.arange(branches)
    sums = np.sum(binom(branches - 1 + k, k) * (1 - low[..., None]) ** k, axis=-1)
    return np.sum(weights * low**branches * sums, axis=-1)


def _terms(order: int) -> tuple[np.ndarray, np.ndarray]:
    """The weights w and the distances a, [I]."""
    bits = 1 if order == 1 else order // 2  # of a dimension
    levels = 2**bits
    half = (3 / (levels**2 - 1) / (1 if order == 1 else 2)) ** 0.5  # of the distance between levels, symbol energy 1
    number = np.arange(levels)
    gray = number ^ number >> 1
    apart = np.bitwise_count(gray[:, None] ^ gray).astype(float)  # wrong bits of level r for s, [L, L]
    s, border = np.meshgrid(number, np.arange(1, levels), indexing="ij")  # between levels border - 1 and border
    costs = apart[s, border] - apart[s, border - 1]
    beyond = np.where(border > s, costs, -costs)
    distances = np.abs(2 * border - 1 - 2 * s) * half * 2**0.5
    return beyond.ravel() / (levels * bits), distances.ravel()
