"""Reading: from text to checked points."""
