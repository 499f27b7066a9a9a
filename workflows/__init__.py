"""Durable shells: what runs in Temporal."""
