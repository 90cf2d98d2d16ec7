"""Of the family power."""
