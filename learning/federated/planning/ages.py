"""Mean ages: how many rounds ago the server last heard a device, or how many steps ago an update began.

One of K devices is asked in each round and heard with chance q. A device just heard is of age 0.

    at random      K/q - 1
    in turn        (K (2 - q)/q - 1) / 2
    oldest first   (K + 1 - 2q) / (2q)

C devices that are always busy, and a server that steps after every B arrivals: updates are (C - 1)/B steps old
whatever the times are that they take. Ready for a slot with chance p: (1 - p)/p slots. Yang, Arafa, Quek, Poor,
"Age-based scheduling policy for federated learning in mobile edge networks", ICASSP 2020.
"""


def at_random(devices: int, heard: float = 1.0) -> float:
    """Of a device that is asked at random, in rounds."""
    return devices / _chance(heard) - 1


def in_turn(devices: int, heard: float = 1.0) -> float:
    """Of a device that is asked in turn, in rounds."""
    return (devices * (2 - _chance(heard)) / heard - 1) / 2


def oldest_first(devices: int, heard: float = 1.0) -> float:
    """Of a device where the one of the greatest age is asked, in rounds."""
    return (devices + 1 - 2 * _chance(heard)) / (2 * heard)


def buffered(devices: int, buffer: int) -> float:
    """Of an update, in steps of the server."""
    return (devices - 1) / buffer


def slotted(ready: float) -> float:
    """Of an update, in slots."""
    return (1 - _chance(ready)) / ready


def _chance(chance: float) -> float:
    if not 0 < chance <= 1:
        raise ValueError(f"chance: expected a number above 0 and at most 1, received {chance}")
    return chance
