"""The option ``--overair`` of pytest: whose schemes are tested. Pytest reads it in every run, so it stays light."""

origin = ""  # the package that is tested, ours where none is named
