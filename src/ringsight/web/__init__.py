"""The analysts' pages: a queue, a case with its evidence first, a decision. Plain forms, one style sheet, one script.

Nothing is loaded from another host. No note, photograph or plain value of a customer is on a page before it is asked
for. Start at `app.create_app`.
"""
