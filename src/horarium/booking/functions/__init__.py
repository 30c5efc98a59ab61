"""Scheduling functions, one file each (seed 001)."""
