"""Cases: what analysts take, see and decide, kept so that nothing is lost and everything can be proved.

One append-only log, hash-chained, holds all that ever happened (`audit`); a case is what its entries add up to
(`folding`), and the tables of the queue are drawn from them. `casebook.open_casebook` is the way in.
"""
