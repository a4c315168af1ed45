"""The vectors: who lies near whom, in a store that answers searches and in bulk."""
