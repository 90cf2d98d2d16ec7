"""What a loss must be: one number of each sample, of its label and its logits."""

import keras
import numpy as np
import tensorflow as tf

from ...phy.inputs import check_object, kind

EXAMPLE = 'SparseCategoricalCrossentropy(from_logits=True, reduction="none")'


def check_loss(loss: keras.losses.Loss, outputs: int) -> None:
    """Refuses a loss that makes something else than one number a sample of labels [B] and logits [B, C]."""
    check_object("loss", loss, keras.losses.Loss, EXAMPLE)
    if loss.reduction not in (None, "none"):
        raise ValueError(f"loss: expected reduction='none', one loss a sample, received {loss.reduction!r}")
    batch = outputs + 1  # another number than of classes, so that what mixes them up fails
    try:
        made = kind(loss(tf.zeros([batch], tf.int32), tf.zeros([batch, outputs])).numpy())
    except Exception as error:  # whatever it meets
        made = f"{type(error).__name__} " + " ".join(str(error).split())[:160]
    if made != kind(np.zeros(batch, np.float32)):
        raise ValueError(
            f"loss: expected one that gives a number a sample, an array [{batch}] of float32, of labels [{batch}] from "
            f"0 and logits [{batch}, {outputs}], received one that gives {made}"
        )
