"""Floor 3: who is asking, for how long, and how that ends: accounts, sessions (seed 003)."""
