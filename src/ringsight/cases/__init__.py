"""Cases: what analysts claim, see and decide, kept so that nothing is lost and everything can be proved.

One append-only, hash-chained log holds all that ever happened (`audit_trail`). A case is what its entries add up to
(`replay`), and the tables of the queue are projected from it (`queue`). Start at `casebook.open_casebook`.
"""
