"""TensorFlow without its greeting."""

import os
import sys
from typing import Any


def import_tensorflow() -> Any:
    """The library; it greets on the standard error stream whatever its log level, and that is no message of ours."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with open(os.devnull, "wb") as nowhere:
        stderr = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            import tensorflow

            tensorflow.get_logger().setLevel("ERROR")  # a federation a point is compiled on purpose
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    return tensorflow
