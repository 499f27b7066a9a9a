"""Answers an editor's questions about a definition while it is being typed."""
