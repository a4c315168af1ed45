"""From links to flags: candidate rings, their agreement, the nulls they are judged by, and the error rate."""
