"""Staff pages: lists and settings, the editor, versions, moves, translations, alerts."""
