"""Persons: what comes to them is recorded and told, and never decided here."""
