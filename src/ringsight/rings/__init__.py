"""From links to flags: candidate rings, their agreement, the null they are judged by, and the error rate."""
