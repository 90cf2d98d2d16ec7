"""The air as a Keras layer, shared by images and inference."""

from .layer import Elements as Elements
from .layer import OverAir as OverAir
