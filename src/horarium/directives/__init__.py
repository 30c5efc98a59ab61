"""Floor 3: the control file of timed and periodic directives (seed 004)."""
