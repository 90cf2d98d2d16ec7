"""Imported first by every part that computes: TensorFlow, without its greeting."""

from .quiet import import_tensorflow

tensorflow = import_tensorflow()
