"""What people do today to find rings: each method takes a bank's traces and a knob or two, and ranks groups."""
