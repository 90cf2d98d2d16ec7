"""A federation that costs nothing: accuracy is a chaotic function of seed, past rounds, and SNR where there is air."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from overair.scenarios.studies.federated import Federated


class Metrics(NamedTuple):
    """The scalars of a round."""

    nmse: tf.Tensor
    nmse_sent: tf.Tensor
    energy: tf.Tensor
    energy_max: tf.Tensor
    bits: tf.Tensor
    decoded: tf.Tensor
    resource_elements: tf.Tensor
    pilot_elements: tf.Tensor
    downlink_elements: tf.Tensor
    airtime: tf.Tensor
    free_bits: tf.Tensor
    silent: tf.Tensor
    unheard: tf.Tensor
    papr_db: tf.Tensor
    seconds: tf.Tensor
    elapsed: tf.Tensor
    compute_joules: tf.Tensor
    radio_joules: tf.Tensor
    finite: tf.Tensor
    epsilon: float = float("nan")


class Federation:
    """One weight, moved by the logistic map."""

    def __init__(self, scenario: Federated, before_step: Callable[[int, int, float], None]) -> None:
        self.before_step = before_step
        self.diverges, self.uses_air = scenario.uplink.kind == "digital", scenario.uplink.kind != "ideal"

    def init(self, seed: int) -> dict[str, Any]:
        start = tf.constant((seed + 1) / 7919, tf.float64)
        return {"round": tf.constant(0, tf.int64), "parts": (start, [tf.constant([True, False])], ())}

    def step(self, state: dict[str, Any], seed: int, snr_db: float) -> tuple[dict[str, Any], Metrics]:
        self.before_step(int(state["round"]) + 1, seed, snr_db)
        (x, flags, nothing), round = state["parts"], state["round"] + 1
        snr_db = snr_db if self.uses_air else 0.0
        x = 3.9 * x * (1 - x) * (1 - 1e-3 / (1 + 10 ** (snr_db / 10)))
        finite = tf.logical_not(self.diverges & (snr_db < 0) & (round == 4))
        number = tf.cast(round, tf.float64)
        of_reports = x, x, x, x, number, number, number, number, number, number, 0 * x, 0 * x, 0 * x, 0 * x
        of_clocks = number, number, number, number
        return {"round": round, "parts": (x, flags, nothing)}, Metrics(*of_reports, *of_clocks, finite)

    def evaluate(self, state: dict[str, Any]) -> tuple[tf.Tensor, tf.Tensor]:
        return state["parts"][0], -state["parts"][0]


class Federations:
    """Counts what is built; ``before_step`` may interrupt."""

    def __init__(self, before_step: Callable[[int, int, float], None] = lambda *_: None) -> None:
        self.before_step = before_step
        self.built: list[str] = []
        self.steps = 0

    def prepare(self, scenario: Federated, shared: dict[str, Any]) -> Federated:
        return scenario

    def build(self, prepared: Federated) -> Federation:
        self.built.append(prepared.uplink.kind)
        return Federation(prepared, self._count)

    def _count(self, round: int, seed: int, snr_db: float) -> None:
        self.before_step(round, seed, snr_db)
        self.steps += 1


def take_place(made: Federations) -> None:
    """Of the real ones, in this process; and a checkpoint at every evaluation."""
    real = importlib.import_module("overair.scenarios.studies._federation")
    real.prepare, real.build = made.prepare, made.build  # type: ignore[attr-defined]
    importlib.import_module("overair.scenarios.studies._rounds").CHECKPOINT_SECONDS = -1.0  # type: ignore[attr-defined]
