"""Of the family codecs."""
