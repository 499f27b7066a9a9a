"""Extask: external tasks reach the right person at the right time."""
