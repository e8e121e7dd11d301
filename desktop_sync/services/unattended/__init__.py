"""Runs that nobody asks for: schedules, files that arrive, real time, and what other programs tell."""
