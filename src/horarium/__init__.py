"""horarium: a timetable that keeps itself."""

__version__ = "0.1.0"
