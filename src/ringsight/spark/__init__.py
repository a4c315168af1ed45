"""The other engine: what takes long is spread over Spark, in tasks that need nothing of one another.

    session            pyspark and Java, looked for when they are asked for
    handed_over        a bank's records as Parquet, a file for some customers with all that is theirs
    transactions_sql   transactions measured in Spark SQL
    record_vectors     notes and images read one by one, by `predict_batch_udf`
    customer_vectors   what was measured and read becomes customers' vectors
    waves              any other work, such as chance worlds: sent once, done in waves of tasks
    engine             the four together, as the pipeline asks for them

The encoders are those of one machine. Nobody else imports pyspark.
"""
