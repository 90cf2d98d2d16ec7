"""What studies of an uplink take from its reports to be told beside their numbers."""

from ..results.measures import Cost, Measure

TOTAL = "resource elements so far"

PILOTS = Measure(
    "pilot_elements",
    "1",
    "resource elements granted to pilots in a round",
    heading="pilots",
    beside="grant.elements",
    cost=Cost("elements", TOTAL, "pilots"),
    part="elements",
)
REMARKED = (
    Measure(
        "free_bits",
        "bit",
        "bits of a round that take no elements: levels told, channel feedback, acknowledgements",
        part="free",
    ),
    Measure("silent", "1", "share of devices in a round that send nothing", part="silent"),
    Measure("unheard", "1", "share of devices in a round that are not decoded, silent ones included", part="unheard"),
)
JOULES = "joules of all devices so far"
ELAPSED = Measure("elapsed", "s", "time by the clock since the start", "last", heading="elapsed/s")
TIMED = (
    Measure(
        "seconds",
        "s",
        "duration of a round by the clock, computing and both ways",
        cost=Cost("seconds", "time so far, computing and both ways, in s"),
    ),
    ELAPSED,
    Measure(
        "compute_joules",
        "J",
        "energy that all devices compute with in a round",
        heading="computing/J",
        better="low",
        cost=Cost("joules", JOULES, "computing"),
    ),
    Measure(
        "radio_joules",
        "J",
        "energy that all devices send with in a round",
        heading="radio/J",
        better="low",
        cost=Cost("joules", JOULES, "radio"),
    ),
)
