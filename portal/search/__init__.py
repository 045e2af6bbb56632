"""Search over everything that content types hand in: one table of folded text, one index per engine.

For readers looking for a case by words or by any of its numbers, and for the lists of the modules. Text is
folded by `core.collate`, so "lodz" finds Łódź on every database. Newest first; no ranking.
"""
