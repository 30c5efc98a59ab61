"""horarium: a timetable that keeps itself."""
