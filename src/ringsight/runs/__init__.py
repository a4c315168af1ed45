"""A run: the folder that holds what one pass over a bank left behind."""
