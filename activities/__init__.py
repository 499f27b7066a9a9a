"""Side effects, one module per outside system, each idempotent."""
