"""Sensors that share the air: features added on it, or sent one by one."""
