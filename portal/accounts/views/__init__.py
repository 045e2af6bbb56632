"""The pages people see: coming in, joining a team, one's own account, the demonstration."""
