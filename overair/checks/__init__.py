"""Theory beside simulation: what ``overair check`` prints.

A row passes when |measured - expected| <= 4.5 standard errors of the measurement, and 1e-4 of what is expected for
float32.
"""


def main() -> int:
    """Print all comparisons; 1 if any disagrees."""
    from .sums import rows  # brings TensorFlow

    print(f"{'theory':<66}{'expected':>12}{'measured':>12}{'std. error':>12}")
    wrong = 0
    for row in rows():
        verdict = "" if row.agrees else "  DISAGREES"
        wrong += not row.agrees
        print(f"{row.name:<66}{row.expected:>12.5g}{row.measured:>12.5g}{row.error:>12.2g}{verdict}", flush=True)
    print("all agree" if not wrong else f"{wrong} disagree")
    return 1 if wrong else 0
