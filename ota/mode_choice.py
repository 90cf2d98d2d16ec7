"""Which mode an image is sent in: that of the least squared error to expect, with what losses cost counted.

An image that is coded for the bits of a mode has the error D if they arrive, and otherwise D0, that of the colour shown
in its place. Who sends knows D and D0, as it codes the image itself, and p, how often such packets are lost: over AWGN
of the SNR that it counts on, or, where it knows the mean SNR alone, on average over links that it has seen. It expects
D + p (D0 - D), and takes the mode where this is least, or none if D0 is.

Where packets that failed are sent again, p is what is lost after all transmissions, and their elements have a price:
a mode whose elements are sent u times on average is compared by the D that its picture would have in 1/u of its bits.
So modes are compared as if each had the same number of elements on average, retransmissions included.
"""

import numpy as np

from .images._picture import Picture

SURE = 1e-6  # a loss so rare that slower modes are no better


def best_modes(picture: Picture, bits: np.ndarray, loss: np.ndarray, sends: np.ndarray | float = 1.0) -> np.ndarray:
    """Places of modes, -1 for none, [S, B].

    They have so many bits for each image, lost so often, of elements that are sent so many times, [M, S, B] each.
    """
    bits = bits / sends  # of elements that are sent once
    sure = np.max(np.where(loss < SURE, bits, 0.0), axis=0)  # [S, B]
    worth_trying = (bits > 0) & (bits >= sure)
    expected = np.full(bits.shape, np.inf)
    for room in np.unique(bits[worth_trying]).tolist():
        error = picture.errors(room)
        if error is not None:
            weighed = error + loss * (picture.plain - error)  # [M, S, B]
            expected = np.where(worth_trying & (bits == room), weighed, expected)
    picture.forget()
    return np.where(expected.min(axis=0) < picture.plain, expected.argmin(axis=0), -1)
