"""What people read, in their language: one catalogue a module, the English one is the source."""
