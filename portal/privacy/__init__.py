"""For the data-protection officer: how long data are kept, who read them, copies and erasure on request."""
