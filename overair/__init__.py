"""Learning over wireless links: channels from Sionna, models from Keras, and the air between them.

The parts are imported when first used (`overair.phy`, `overair.ota`, ...), so that `import overair` stays light.
"""

import importlib
from typing import Any

from .version import __version__

__all__ = ["Aggregator", "__version__", "figures", "join", "learning", "load", "ota", "phy", "plot", "scenarios", "use"]


def __getattr__(name: str) -> Any:
    if name == "use":
        return importlib.import_module(".own", __name__).use
    if name == "Aggregator":
        return importlib.import_module(".aggregator", __name__).Aggregator
    if name == "load":
        return importlib.import_module(".scenarios.results.saved", __name__).load
    if name == "join":
        return importlib.import_module(".scenarios.results.join", __name__).join
    if name == "plot":
        return importlib.import_module(".figures", __name__).plot
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
