"""Planning: who to send, with what share, until when and at what price; known before anything is trained.

What a scheduler calls in a round is in graph (``fedcs``, ``bandwidth``, ``inclusion``, ``staleness``); the
order of asynchronous arrivals and closed forms of what schedules gain are numpy.
"""
