"""Schemes of one's own for overair: each a file in a folder of its family's name."""
