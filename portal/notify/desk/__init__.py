"""Staff pages: what was sent and how it fared, how messages go out, and the portal operator's view of the ways out."""
