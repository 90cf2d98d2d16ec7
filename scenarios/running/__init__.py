"""Running: from checked points to the records of their units."""
