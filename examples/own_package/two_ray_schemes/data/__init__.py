"""Of the family data."""
