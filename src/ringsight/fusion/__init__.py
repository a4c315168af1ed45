"""The joint space, where a customer's modalities meet; and embedding, where torch ends."""
