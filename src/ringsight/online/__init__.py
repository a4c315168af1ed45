"""One customer at a time: who is most like them, and what they share."""
