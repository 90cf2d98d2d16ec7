"""What is measured in rounds of federated learning."""

from ..results.measures import Cost, Measure
from ._reports import PILOTS, REMARKED, TIMED, TOTAL

EVALUATED = (  # after the last of some rounds
    Measure("accuracy", "1", "test accuracy", "last", heading="accuracy"),
    Measure("loss", "nat", "test loss", "last", heading="loss", better="low"),
    Measure(
        "personal_accuracy",
        "1",
        "mean accuracy of devices' own models, each on test data of its own label mix",
        "last",
        heading="personal",
    ),
    Measure(
        "personal_worst",
        "1",
        "the same of the worst tenth of the devices",
        "last",
        heading="worst tenth",
    ),
)
COSTS = (  # of every round, by the names that a federation gives them
    Measure("nmse", "1", "normalised mean square error of the aggregate", heading="NMSE", better="low", scale="log"),
    Measure(
        "nmse_sent",
        "1",
        "normalised mean square error against what was sent, after error feedback and selection",
        better="low",
        scale="log",
    ),
    Measure(
        "resource_elements",
        "1",
        "resource elements that carried data in a round",
        heading="elements",
        cost=Cost("elements", TOTAL),
        part="elements",
    ),
    PILOTS,
    Measure(
        "downlink_elements",
        "1",
        "resource elements of the broadcast back in a round",
        cost=Cost("elements", TOTAL, "broadcasts"),
    ),
    Measure(
        "energy",
        "1",
        "mean energy of a device for each granted resource element, relative to its budget P",
        heading="energy/P",
        cost=Cost("energy", "mean energy of a device so far, in budgets of a round"),
    ),
    Measure(
        "energy_max",
        "1",
        "largest energy of a device for each granted resource element in any round, relative to P",
        "max",
        part="energy",
    ),
    Measure(
        "airtime",
        "s",
        "airtime of a round, both ways",
        heading="airtime/s",
        cost=Cost("airtime", "airtime so far, both ways, in s"),
    ),
    Measure(
        "bits",
        "bit",
        "payload and side information of all devices in a round",
        heading="bits",
        cost=Cost("bits", "bits of all devices so far"),
    ),
    Measure("decoded", "1", "devices decoded in a round", heading="decoded"),
    *REMARKED,
    Measure("papr_db", "dB", "peak-to-average power of what devices send, where it is measured", heading="PAPR/dB"),
    Measure(
        "epsilon",
        "1",
        "epsilon of differential privacy of all rounds so far, where something is protected",
        "last",
        heading="epsilon",
        better="low",
        scale="log",
        part="guarantee",
    ),
    *TIMED,
)
STOPPED = Measure("stopped_at", "1", "round in which numbers stopped being finite, -1 where none did", over=())
ENDED = Measure("ended_at", "1", "round that ends after the budget of seconds, -1 where none does", over=())
