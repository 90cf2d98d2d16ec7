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
