"""What every scheme is held to, whoever wrote it: ``pytest --pyargs overair.conformance --overair PACKAGE``.

Without ``--overair`` the schemes are ours. A test whose argument is named after a family, or after its interface, is
run with every example of that family (``found.py``).
"""
