"""The distributor's judgement: who gets which task, and when."""
