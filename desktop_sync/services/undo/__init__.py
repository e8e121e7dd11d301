"""A run, or one decision of it, taken back by a run of its own."""
