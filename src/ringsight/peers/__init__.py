"""Customers like you: what they buy, what they bought lately, and what this customer does that none of them does."""
