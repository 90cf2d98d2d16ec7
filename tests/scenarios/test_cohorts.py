"""Cohorts in scenarios: a million devices are checked as soon as a hundred are, and what cannot be is said."""

import time
from typing import Any

import pytest

from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.studies import _federation
from overair.scenarios.studies.federated import Federated

GIVEN: dict[str, Any] = {
    "data": "digits",
    "model": "softmax",
    "devices": 10**6,
    "rounds": 2,
    "uplink": "analog",
    "partition": {"kind": "dirichlet", "samples_per_device": 20},
    "scheduler": {"kind": "cohort", "senders": 100},
}


def prepared(**fields: Any) -> Any:
    return _federation.prepare(Federated.model_validate(GIVEN | fields), {})


def test_a_million_devices_are_checked_at_once() -> None:
    prepared()
    begun = time.process_time()
    parts = prepared()
    assert time.process_time() - begun < 5
    assert parts.air.devices == 100 and parts.shares.devices == 10**6 and parts.shares.pool.samples == 20


def test_records_of_cohorts_of_other_sizes_are_apart() -> None:
    """And those of other devices, as the same numbers come in another order."""
    first, *others = (
        Federated.model_validate(GIVEN | changed).identity()
        for changed in ({}, {"devices": 10**5}, {"scheduler": {"kind": "cohort", "senders": 99}}, {"scheduler": None})
    )
    assert all(first != other for other in others)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"devices": 50}, "scheduler.senders: expected at most all 50 devices, received 100"),
        ({"partition": "unbalanced"}, "partition: expected one that deals by a device's number.* unbalanced; take"),
        ({"partition": "iid"}, "partition: samples_per_device: expected a number with a cohort"),
        (
            {"partition": {"kind": "classes", "samples_per_device": 4000}},
            "samples_per_device: expected at most",
        ),
        ({"scheduler": None}, "partition: samples_per_device: expected none but with a cohort"),
        ({"link": {"channel": "umi"}}, "link.channel: expected one whose devices are known by a number alone"),
        ({"uplink": {"kind": "digital", "feedback": 1.0}}, "uplink.feedback: expected 0 with a cohort"),
        ({"downlink": {"snr_db": 10.0}}, "downlink: expected ideal with a cohort"),
    ],
)
def test_mistakes_are_said_in_a_line(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint) as told:
        prepared(**fields)
    assert "\n" not in str(told.value)
