"""Uplinks: ideal, analog over the air, and digital on orthogonal resource elements."""
