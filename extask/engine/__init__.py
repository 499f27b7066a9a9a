"""The interpreter: a pure, resumable step machine over a plan."""
