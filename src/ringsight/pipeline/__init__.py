"""The whole way from a bank to flagged rings, a file for each step.

    read      a folder becomes a `Bank`
    train     the parts of a model that are not there yet
    embed     a bank and a model become embeddings, by space
    index     embeddings go into the vector store
    detect    embeddings become rings, some of them flagged
    explain   a ledger for every ring to look at, and the report
    run       all of it, into one folder

`settings` says what a run can be told, `continuing` what it takes over from the last one, `evaluate` holds a finished
run against the truth. No function prints: progress goes to the callback that is given (`ringsight.progress`).
"""
