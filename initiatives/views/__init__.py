"""Residents' pages: reading (`browse`), filing (`filing`), joining in (`acts`), one's own cases (`mine`)."""
