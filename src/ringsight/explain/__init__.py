"""Why a ring is a ring: matching records, a ledger of the evidence, and the same in plain sentences."""
