"""File formats of initiatives: what offices bring along and what they take home.

Each format is a reader that turns a file into `records.ImportedInitiative` and `records.Problem`, one
by one and in constant memory, or a writer that yields bytes. Nothing here knows the database: the
import use case decides what becomes of a record. A new format is a module with a `read` function.
"""
