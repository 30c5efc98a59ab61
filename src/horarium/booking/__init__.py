"""Floor 3: resources that decide about invitations by themselves (seed 001)."""
