"""The HTTP service over a trained model and a store."""
