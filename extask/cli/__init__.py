"""The command line, over HTTP."""
