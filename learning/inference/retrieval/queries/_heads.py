"""Last layers of queries, trained where they are not kept."""

import keras
import numpy as np

from .. import heads
from ..heads import SendQueries
from . import Job


def trained(job: Job, send: SendQueries, steps: int, *told: object) -> keras.Model:
    """A last layer whose queries are sent so while it is trained; ``told`` decides it, besides the job and steps."""
    model = heads.head(job.features.shape[-1], 2 * job.elements, job.seed)

    def train() -> list[np.ndarray]:
        heads.train(model, job.features, send, steps, job.key)
        return list(model.get_weights())

    model.set_weights(job.keep(("head", *told, job.elements, steps), train))
    return model


def noiseless(job: Job) -> keras.Model:
    """The last layer trained without a channel."""
    return trained(job, heads.noiseless, job.steps, "noiseless")
