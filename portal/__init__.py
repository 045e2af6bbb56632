"""The participation portal's platform: floors from `core` up to `worker` (docs/house.md)."""
