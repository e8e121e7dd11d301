"""A run from its lock to its result, and runs that follow one another."""
