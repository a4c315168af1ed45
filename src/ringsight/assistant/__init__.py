"""What a bank's own language model may read of a run, on behalf of a person: notes, similar customers, ledgers.

Nothing here asks a model anything. `Assistant` finds excerpts, masks what is personal, and says which records each
excerpt rests on; `retrievers` and `tools` hand them to LangChain.
"""
