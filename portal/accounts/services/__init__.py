"""Doing things with people: signing in, passwords, invitations, members, one's own account."""
