"""Inference at the edge: a device sees, a server decides, and the channel is between them."""
