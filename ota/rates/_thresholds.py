"""Middle and spread, in dB, of the losses of each mode at five lengths; ``benchmarks/thresholds.py`` measures them."""

THRESHOLDS = [[[0.0, 1.0]] * 5] * 28
