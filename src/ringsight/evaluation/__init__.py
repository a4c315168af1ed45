"""A detection held against the truth. Training and detection never read it."""
