"""Deep leakage: the data that an update gives away, and what of updates a receiver sees."""
