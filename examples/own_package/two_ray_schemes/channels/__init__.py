"""Of the family channels."""
