"""What a receiver sees of uplinks: each update, sums, or with antennas enough each one of those that send at once.

An ideal or digital uplink shows each update; an analog one the sum, at the noise that its level leaves. But y = H x + n
is there on all antennas, and with as many of them as devices zero forcing takes the sum apart: device k arrives with
noise of power N0 [(H^H H)^-1]_kk / |b_k|^2 an element. The combiner that a scheme uses binds nobody who looks on.
"""

import numpy as np


def zero_forced_noise(channel: np.ndarray, amplitudes: np.ndarray, noise: float) -> np.ndarray:
    """Noise of each device's symbols, [K], behind zero forcing of a channel [A, K]; infinite with fewer antennas."""
    antennas, devices = channel.shape
    if antennas < devices:
        return np.full(devices, np.inf)
    inverse = np.linalg.inv(channel.conj().T @ channel)
    return noise * np.real(np.diag(inverse)) / np.abs(amplitudes) ** 2


def zero_forced(received: np.ndarray, channel: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Each device's symbols [K, M] of what all antennas received, [A, M]."""
    return (np.linalg.pinv(channel) @ received) / amplitudes[:, None]


def psnr_db(found: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal to noise ratio of pictures from 0 to 1, in dB; what is found is brought into that range."""
    error = float(np.mean((np.clip(found, 0.0, 1.0) - truth) ** 2))
    return float("inf") if error == 0 else -10.0 * float(np.log10(error))


def class_mean_db(pictures: np.ndarray, labels: np.ndarray) -> float:
    """Mean PSNR of the mean picture of its class as a guess: what shows less has shown nothing of a picture."""
    means = np.stack([pictures[labels == label].mean(axis=0) for label in np.unique(labels)])
    place = np.searchsorted(np.unique(labels), labels)
    return float(np.mean([psnr_db(means[at], picture) for at, picture in zip(place, pictures, strict=True)]))
