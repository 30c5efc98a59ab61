"""Floor 5: the clock, the settings, the composition root, and what performs decisions."""
