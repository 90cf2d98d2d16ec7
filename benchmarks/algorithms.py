"""Claims: algorithms against heterogeneity take little beside FedAvg's gradients.

Softmax regression, 100 devices x 5 steps x 10 samples, ideal uplink. FedProx and FedNova take at most 1.05 times
FedAvg's round, SCAFFOLD and FedDyn, whose devices each read and write a row, at most 1.15 times, Mime, which takes two
gradients a step, at most 2. Of personal algorithms Ditto and first-order Per-FedAvg take two gradients a step, and the
Hessian-free one four, pFedMe five by its own number of inner steps: at most as many times FedAvg's, and 5 %. Reptile's
is FedAvg's with a plain multiple of each gradient, 1.05.
"""

import argparse

from side_by_side import both, ratio, rounds, show, verdict
from small_rounds import DEVICES, ROUNDS, federation

from overair.learning import (
    Algorithm,
    Ditto,
    Fedavg,
    Feddyn,
    Fednova,
    Fedprox,
    Mime,
    PerFedavg,
    Pfedme,
    Reptile,
    Scaffold,
)

CONTESTANTS: list[Algorithm] = [
    Fedprox(0.05, steps=5, mu=0.1),
    Fednova(0.05, steps=5),
    Scaffold(0.05, steps=5),
    Feddyn(0.05, steps=5),
    Mime(0.05, steps=5),
    Ditto(0.05, steps=5),
    PerFedavg(0.05, steps=5, order="first"),
    PerFedavg(0.05, steps=5),
    Reptile(0.05, steps=5),
    Pfedme(0.05, steps=5, inner=5),
]
MOST = {
    "fedprox": 1.05, "fednova": 1.05, "scaffold": 1.15, "feddyn": 1.15, "mime": 2.0,
    "ditto": 2.1, "perfedavg first": 2.1, "perfedavg hessian_free": 4.2,
    "reptile": 1.05, "pfedme": 5.25,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40, help=f"times {ROUNDS} rounds of each")
    made = [Fedavg(0.05, steps=5), *CONTESTANTS]
    algorithms = {_name(each): rounds(federation(each), ROUNDS) for each in made}
    found, busy = both(algorithms, parser.parse_args().repeats)
    show(f"softmax regression, {DEVICES} devices, {ROUNDS} rounds", found, "fedavg")
    show("seconds of the process on all cores", busy, "fedavg")
    for name, most in MOST.items():
        value, cores = ratio(found, name, "fedavg"), ratio(busy, name, "fedavg")
        verdict(f"{name}: at most {most} times fedavg", value <= most, f"{value:.3f} x, on all cores {cores:.3f}")


def _name(algorithm: Algorithm) -> str:
    return " ".join(
        [type(algorithm).__name__.lower(), *([algorithm.order] if isinstance(algorithm, PerFedavg) else [])]
    )


if __name__ == "__main__":
    main()
