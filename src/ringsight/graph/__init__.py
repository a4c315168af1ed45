"""From embeddings and shared entities to links and communities, weighed in bits of evidence."""
