"""The exact attack on a dense layer with a bias: its gradient is the input times that of the bias.

Of one sample the gradient of the kernel is G = outer(x, d), with d that of the bias, so x = G d / |d|^2, whatever
stands behind the layer; of a softmax the label is the one entry of d below zero. Of several samples column c of G over
entry c of d is the mean of the inputs by the weights d_ic, and where a class has one sample, nearly that. Phong et al.,
"Privacy-preserving deep learning via additively homomorphic encryption", IEEE TIFS 2018; Zhao, Mopuri, Bilen, "iDLG",
2020.

With noise of deviation s on every entry of G and d, entry i of x errs by s^2 (1 + x_i^2) / |d|^2 in the mean square,
where that is small. So one device alone on the air at full energy, over M elements at an SNR of P/N0, gives its input
away up to (1 + x_i^2) (1 + |x|^2) / (2 M SNR), whatever its weights, as |G|^2 + |d|^2 = |d|^2 (1 + |x|^2).
"""

import numpy as np


def input_of(kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The input [n] from gradients of the kernel [n, m] and the bias [m]; zeros where the bias has none."""
    energy = float(np.sum(bias**2))
    return kernel @ bias / energy if energy > 0 else np.zeros(len(kernel), kernel.dtype)


def inputs_by_class(kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The means that each class's column shows, [m, n]; of those with d_c below zero, classes that are there."""
    there = bias < 0
    return np.where(there, kernel / np.where(there, bias, 1.0), 0.0).T


def label_of(bias: np.ndarray) -> int:
    """The label of one sample."""
    return int(np.argmin(bias))


def alone_on_air(x: np.ndarray, elements: int, snr: float) -> np.ndarray:
    """Mean squared error of each entry of an input that is sent alone at full energy, [n]."""
    return (1.0 + x**2) * (1.0 + np.sum(x**2)) / (2.0 * elements * snr)
