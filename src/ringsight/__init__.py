"""ringsight finds fraud rings: many accounts run by one hand.

The journey, in the order it happens (each package imports only what stands before it):

    records   a bank's folder becomes a `Bank`; bad rows go to quarantine with a reason
    encoders  transactions, notes and ID images become one embedding each per customer
    fusion    the embeddings meet in one joint space
    vectors   embeddings are stored and searched (Milvus, or an exact twin in memory)
    graph     neighbours and shared entities become links, weighed in bits of evidence
    rings     clusters of links are scored against a null and flagged at a false-discovery rate
    review    what a person sees
    jobs      the commands
"""

__version__ = "0.1.0"
