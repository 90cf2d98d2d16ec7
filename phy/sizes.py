"""Sizes that are refused before anything is allocated, with the field that asks for them."""

MOST_BYTES = 4 * 2**30  # of any one array of a round


def check(field: str, numbers: int, of: str) -> None:
    """Refuse so many complex numbers in one array, ``of`` whatever they are the product of."""
    if 8 * numbers > MOST_BYTES:
        raise ValueError(
            f"{field}: expected a round of which each array fits {MOST_BYTES / 2**30:g} GiB, received "
            f"{8 * numbers / 2**30:.3g} GiB for {of}; take fewer of any"
        )


__all__ = ["MOST_BYTES", "check"]
