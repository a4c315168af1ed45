"""What a bank hands over: reading its folder, setting aside what cannot be used, and the two views of a customer.

`bank` holds the types; `reading` turns a folder into a `Bank`, with `declarations` (which column is what),
`tables` and `delimited` (Parquet and CSV), `quarantine` (rows set aside) and `images` beside it;
`strata` and `views` divide customers and their records.
"""
