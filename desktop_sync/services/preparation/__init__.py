"""From what both sides give to a plan; nothing is written anywhere."""
