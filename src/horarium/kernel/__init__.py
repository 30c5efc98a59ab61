"""Floor 1: time, pure."""
