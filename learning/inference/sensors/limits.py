"""What no way of telling a number seen in K noisy copies can do better, as the mean squared error D of an estimate.

x is Gaussian of variance 1, sensors see x + v_k with v_k of variance s2, and a number has K real channel uses. The best
estimate from x with noise of variance e has D = e / (1 + e).

    in turns    each sensor has a use of its own, of R = log2(1 + K P/N0) / 2 bits: the Gaussian CEO problem, solved by
                log2(1 + 1/e) / 2 + K/2 log2(1 / (1 - s2 / (K e))) = K R. Channels are apart, so coding the source
                first and then the channel loses nothing
    added       K (1/2) log2(1 + K^2 P/N0) bits, were all sensors one antenna array that sees the mean of all views:
                D = D0 + (1 - D0) 2^(-2 bits), D0 = s2 / (K + s2). No way is known to reach it

Oohama, "The rate-distortion function for the quadratic Gaussian CEO problem", IEEE Trans. Information Theory, 1998;
Xiao and Luo, "Multiterminal source-channel communication over an orthogonal multiple-access channel", IEEE Trans.
Information Theory, 2007; Dobrushin and Tsybakov, IRE Trans. Information Theory, 1962, for one encoder.
"""

import math

from scipy.optimize import brentq

from . import quantisers
from .ways import Way


def bound(sensors: int, view_noise: float, snr_db: float, way: Way) -> float:
    """The least mean squared error D."""
    if way == "added":
        noise = cooperating(sensors, view_noise, snr_db)
    else:
        noise = apart(sensors, view_noise, sensors * quantisers.rate(sensors, snr_db))
    return noise / (1 + noise)


def apart(sensors: int, view_noise: float, bits: float) -> float:
    """e by sensors that code apart from one another and have so many bits a number together."""
    least = view_noise / sensors

    def excess(log: float) -> float:
        above = math.exp(log)  # of e over what views alone leave
        views = math.log1p(least / above)  # -ln(1 - least / e)
        return (math.log1p(1 / (least + above)) + sensors * views) / (2 * math.log(2)) - bits

    return least + math.exp(brentq(excess, -600.0, 600.0, xtol=1e-12))


def cooperating(sensors: int, view_noise: float, snr_db: float) -> float:
    """e by sensors that are one."""
    carried = sensors * math.log1p(sensors**2 * 10 ** (snr_db / 10))  # 2 bits, in nats
    return (view_noise / sensors + math.exp(-carried)) / -math.expm1(-carried)
