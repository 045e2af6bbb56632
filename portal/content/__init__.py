"""What every content type shares: states and their one door, history, deadlines, files, comments, follows.

Used by feature packages; offers no pages of its own. Things are named by (kind, object id).
"""
