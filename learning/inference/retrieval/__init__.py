"""Retrieval at the edge: a device draws or sees, and the server finds its like in a gallery."""
