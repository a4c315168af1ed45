"""What came by day: the log that keeps what was acknowledged, and the keys of those who may write to it."""
