"""Migrations: numbered, one head, upwards only; they import no models."""
