"""A night held against a reference: records, embeddings, graph and flags, and the audit of the space.

The shifts of a night are tested by one permutation null (`chance`), over the records' columns (`columns`) and the
spaces (`energy`); `churn` counts what became of rings and flags, `alignment` asks whether segments show in a space, and
proposes which pairs to teach where they do not; `night_map` draws the space, and `watch` does all of it over two runs.
"""
