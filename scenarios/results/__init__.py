"""Results: from records to what people open."""
