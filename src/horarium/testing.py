"""Floor 6: what tests stand on, of this project and of those who use it."""
