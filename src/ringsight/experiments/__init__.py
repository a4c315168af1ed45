"""A/B tests: who gets which arm, what was seen and what came of it, and how sure a difference is."""
