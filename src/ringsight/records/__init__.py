"""What a bank hands over: reading its folder or data frames, setting rows aside, and the two views of a customer.

`bank` holds the types, `contract` the tables; `reading` turns a folder into a `Bank`, with `declarations` (which column
is what), `given_table`, `table_reading` and `delimited` (Parquet and CSV), `quarantine` (rows set aside) and `images`
beside it; `table_places` says which file is which table, `dialect` how a table is written, `joins` which customer a
record names, and `proposal` what `bank.yaml` would have to say where that does not suffice; `frames` writes data frames
into a folder, to be read from there; `strata` and `views` divide customers and their records.
"""
