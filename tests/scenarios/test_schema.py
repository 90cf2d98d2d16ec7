"""A scenario is refused with one line a fault, which names the field, what was expected and what came."""

import datetime
import math
from typing import Any, get_args

import pytest

from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading.tables import OptimizerName

FIVE = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}

BAD: list[tuple[dict[str, Any], str]] = [
    ({"link": {"snr_db": "ten"}}, 'link.snr_db: expected a finite number, received "ten"'),
    ({"link": {"snr_db": "10"}}, 'link.snr_db: expected a finite number, received "10"'),
    ({"link": {"snr_db": True}}, "link.snr_db: expected a finite number, received true"),
    ({"link": {"snr_db": math.nan}}, "link.snr_db: expected a finite number, received nan"),
    ({"link": {"snr_db": -math.inf}}, "link.snr_db: expected a finite number, received -inf"),
    ({"link": {"snr_db": datetime.date(2020, 1, 2)}}, "link.snr_db: expected a finite number, received 2020-01-02"),
    ({"link": 3}, "link: expected a table, received 3"),
    ({"devices": 0}, "devices: expected more than 0, received 0"),
    ({"devices": True}, "devices: expected a whole number, received true"),
    ({"devices": 2.0}, "devices: expected a whole number, received 2.0"),
    ({"devices": 2**40}, "devices: expected at most 1000000, received 1099511627776"),
    ({"participation": 0}, "participation: expected more than 0.0, received 0"),
    ({"participation": 1.5}, "participation: expected at most 1.0, received 1.5"),
    ({"batch_size": "all"}, 'batch_size: expected a whole number, received "all"'),
    ({"seeds": []}, "seeds: expected at least one value, received []"),
    ({"seeds": 3}, "seeds: expected a list, received 3; in brackets it is one: [3]"),
    ({"seeds": [1, 1]}, "seeds: expected different values, received [1, 1]"),
    ({"seeds": [0, -1]}, "seeds.1: expected at least 0, received -1"),
    ({"seeds": [2**63]}, "seeds.0: expected less than 9223372036854775808, received 9223372036854775808"),
    ({"title": 3}, "title: expected a text, received 3"),
    ({"uplink": "anlog"}, 'uplink: expected one of analog, digital, ideal, received "anlog"; did you mean analog?'),
    (
        {"uplink": {"kind": "Ideal"}},
        'uplink: expected one of analog, digital, ideal, received "Ideal"; did you mean ideal?',
    ),
    (
        {"uplink": {"codec": "identity"}},
        'uplink: expected one of analog, digital, ideal, received {codec = "identity"}',
    ),
    ({"uplink": 3}, "uplink: expected one of analog, digital, ideal, received 3"),
    (
        {"uplink": {"kind": "analog", "rul": "phase_only"}},
        'uplink.rul: expected one of codec, rule, budget, feedback, groups, received "rul"; did you mean uplink.rule?',
    ),
    (
        {"uplink": {"kind": "analog", "codec": {"kind": "random_linear", "compression": 0.5}}},
        "uplink.codec.compression: expected at least 1.0, received 0.5",
    ),
    ({"downlink": {"sends": "received"}}, "downlink.snr_db: expected a value, received nothing"),
    ({"downlink": {}}, "downlink: expected one of broadcast, ideal, received {}"),
    (
        {"uplink": {"kind": "analog", "codec": {"kind": "identity", "compression": 2}}},
        'uplink.codec.compression: expected no field, as identity has none, received "compression"; '
        "uplink.codec of the kind random_linear has it",
    ),
    (
        {"uplink": {"kind": "analog", "budget": "month"}},
        'uplink.budget: expected one of round, average, received "month"',
    ),
    (
        {"link": {"channel": {"kind": "tdl", "model": "a"}}},
        'link.channel.model: expected one of A, B, C, D, E, received "a"; did you mean A?',
    ),
    (
        {"link": {"impairments": "timing_offset"}},
        'link.impairments: expected a list, received "timing_offset"; in brackets it is one: ["timing_offset"]',
    ),
    (
        {"link": {"impairments": ["path_loss", "timing"]}},
        "link.impairments.1: expected one of amplifier, clock_drift, frequency_offset, iq_imbalance, path_loss, "
        'phase_noise, quantized_receiver, sampling_offset, timing_offset, received "timing"; '
        "did you mean timing_offset?",
    ),
    (
        {"link": {"impairments": [{"kind": "timing_offset", "high": "late"}]}},
        'link.impairments.0.high: expected a finite number, received "late"',
    ),
    (
        {"link": {"csit": {"kind": "error_variance", "e": 1}}},
        "link.csit.e: expected less than 1.0, received 1",
    ),
    ({"grid": {"prefix": 65}}, "grid.prefix: expected at most subcarriers = 64, received 65"),
    ({"grid": {"prefix": 8, "advance": 9}}, "grid.advance: expected at most prefix = 8, received 9"),
    (
        {"grant": {"elements": 5, "compression": 2}},
        "grant.compression: expected elements or compression, received both, 5 and 2; "
        "set the whole table, grant={elements=5}, to replace one by the other",
    ),
    ({"optimizer": {"name": "adam"}}, "optimizer.learning_rate: expected a value, received nothing"),
    ({"optimizer": "adam"}, 'optimizer: expected a table, received "adam"'),
    (
        {"optimizer": {"name": "sgd", "learning_rate": 1, "options": {"momentum": "much"}}},
        'optimizer.options.momentum: expected a finite number or true or false, received "much"',
    ),
    ({"executor": "fast"}, 'executor: expected one of auto, loop, vectorized, received "fast"'),
]


@pytest.mark.parametrize("change, line", BAD, ids=[line.split(":")[0] for _, line in BAD])
def test_a_fault_is_told_in_one_line(change: dict[str, Any], line: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        studies.check(FIVE | change)
    assert caught.value.lines == [f"scenario field {line}"]


@pytest.mark.parametrize("left_out", FIVE)
def test_what_has_no_default_must_be_given(left_out: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        studies.check({name: value for name, value in FIVE.items() if name != left_out})
    assert caught.value.lines == [f"scenario field {left_out}: expected a value, received nothing"]


def test_an_unknown_field_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(ScenarioError) as caught:
        studies.check(FIVE | {"batchsize": 3, "link": {"snr": 3}})
    first, second = sorted(caught.value.lines)
    assert first.startswith("scenario field batchsize: ") and first.endswith("; did you mean batch_size?")
    assert second.startswith("scenario field link.snr: ") and second.endswith("; did you mean link.snr_db?")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        studies.check(FIVE | {"devices": 0, "link": {"snr_db": "x"}, "grid": {"spacing": -1}})
    assert [line.split(":")[0] for line in caught.value.lines] == [
        f"scenario field {name}" for name in ("devices", "link.snr_db", "grid.spacing")
    ]


def test_five_lines_make_a_scenario_and_its_dump_makes_it_again() -> None:
    scenario = studies.check(FIVE)
    assert studies.check(scenario.model_dump(mode="json")) == scenario
    assert (scenario.evaluate_every, scenario.grant.compression, scenario.link.channel.kind) == (3, 1.0, "tdl")


def test_whole_numbers_are_good_for_real_ones() -> None:
    assert studies.check(FIVE | {"link": {"snr_db": 10}}).link.snr_db == 10.0


def test_the_optimizers_are_those_of_keras() -> None:
    keras = pytest.importorskip("keras")
    kinds = [getattr(keras.optimizers, name) for name in dir(keras.optimizers) if name[0].isupper()]
    wrappers = {"LossScaleOptimizer", "MultiOptimizer", "Optimizer", "OptimizerMap", "ScheduleFreeAdamW"}
    names = {kind.__name__.lower() for kind in kinds if kind.__name__ not in wrappers}
    published = {"fedadagrad", "fedadam", "fedyogi"}  # of servers
    assert names | published == set(get_args(OptimizerName))


def test_federated_averaging_averages_unless_told_otherwise() -> None:
    plain = {"data": "digits", "model": "softmax", "devices": 2, "rounds": 1, "uplink": "ideal"}
    assert studies.check(plain).optimizer.learning_rate == 0.1
    assert studies.check({**plain, "algorithm": "fedavg"}).optimizer.learning_rate == 1.0
