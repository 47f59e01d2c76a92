"""Runs and what people say about them: kept, counted, exported.

The map, in the order of import:

    records, filters                   what is kept, as plain values; which judgements are meant
    schema, migrations                 the tables, and how a database comes to them
    disk, connection, failures         how a database is reached, and what its failures are called
    database                           one database: made ready, its transactions
    rows, writes                       records to rows and back; the rules between rows
    store                              the facade: add, find, list, take back
    stats, spreadsheet, export         what is made of it: numbers and files

Knows nothing of models, pages or HTTP. `records` and `filters` are free of SQLAlchemy, and
importing the package imports nothing.
"""
