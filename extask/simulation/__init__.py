"""Virtual time: dry runs and tests of definitions."""
