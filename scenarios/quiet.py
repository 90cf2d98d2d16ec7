"""TensorFlow in a process of ours, of which nobody but we hears."""

import os
from typing import Any

from ..quiet import hushed


def import_tensorflow() -> Any:
    """The library; it greets on the standard error stream whatever its log level, and that is no message of ours."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with hushed():
        import tensorflow

        tensorflow.get_logger().setLevel("ERROR")  # a federation a point is compiled on purpose
    return tensorflow
