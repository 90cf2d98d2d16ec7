"""Figures: from results to pictures, one file a figure."""

from .curve import draw

__all__ = ["draw"]
