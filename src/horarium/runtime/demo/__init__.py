"""Demonstrations: what a kind of work does, shown with real processes on one machine."""
