"""The real-time graph service: customers one at a time, over HTTP."""
