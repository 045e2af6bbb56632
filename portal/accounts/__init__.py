"""People: accounts, roles per municipality, sign-in and sessions.

Used by everybody who signs in, by municipality administrators (members) and by every module that asks who acts.
An account has no workflow: it is open, closed by an administrator, or erased. A link or invitation is open,
used or expired. Residents come in by a link sent to their address; staff by password and second factor.
"""
