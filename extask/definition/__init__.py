"""The language: what a workflow author writes, checked and compiled."""
