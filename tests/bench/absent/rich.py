"""Stands before a library that only a development environment has: structlog would load it into every process."""

raise ImportError("not there in production")
