"""Split inference: a network cut between a device and a server, and what crosses the cut."""
