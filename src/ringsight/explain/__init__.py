"""Why a ring is a ring: the ledger of its evidence, the steps of its score, matching records, plain sentences."""
