"""The routes, a module a noun: thin, documented for those who call them."""
