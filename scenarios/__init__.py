"""Scenarios: what to simulate, from a file to results.

from overair.scenarios import run
dataset = run("quickstart", ["link.snr_db=[0,20]", "rounds=20"])
"""

from .errors import ScenarioError
from .run import run
from .schema import Scenario

__all__ = ["Scenario", "ScenarioError", "run"]
