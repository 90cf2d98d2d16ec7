"""What an air must be for devices that are known by their numbers alone."""

from .air import Air


def check_cohorts(air: Air) -> None:
    """Raise ValueError where what lasts on an air is not known by a device's number."""
    channel = air.channel
    if not getattr(channel, "by_number", False):
        kind = type(channel).__name__
        raise ValueError(
            f"link.channel: expected one whose devices are known by a number alone, received {kind}, which draws all "
            "of them together; take tdl, rayleigh, rician, block_rayleigh, awgn or cir_file, or cdl with "
            "fading = independent, with path_loss among the impairments for near and far"
        )
    if len(set(air.power_offsets_db)) > 1:
        raise ValueError(
            f"link.power_offsets_db: expected none, or one for all, with a cohort, whose devices are others in every "
            f"round, received {len(air.power_offsets_db)}; leave them out"
        )
