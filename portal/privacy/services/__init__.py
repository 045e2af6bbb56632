"""Doing: ending what has had its time, requests of people, sealing anew, erasing again after a restore."""
