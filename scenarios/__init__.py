"""Scenarios: what to simulate, from a file to results.

from overair.scenarios import run
dataset = run("quickstart", ["link.snr_db=[0,20]", "rounds=20"])
"""

from .reading.errors import ScenarioError
from .running.run import run
from .studies.base import Study

__all__ = ["ScenarioError", "Study", "run"]
