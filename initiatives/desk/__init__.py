"""Staff pages: work lists, the case desk, moves, studies, filing for a caller."""
