"""The analysts' pages: a queue, a case with its evidence first, a decision. Plain forms, one style sheet, one script.

Nothing comes from another host, and nothing of a customer's is in a page before it is asked for. `app.create_app` is
the way in.
"""
