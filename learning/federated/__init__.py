"""Federated learning: devices that train one model together, over an uplink and a downlink."""
