"""The journal: what a restart must not forget, in one SQL database.

Rows are in `rows`; `Journal` opens the database; `incidents`, `outbox`, `mutes`, `sessions` and `documents` have a
function for each thing to do in one of its transactions; `JournalWriter` is how the service writes.
"""
