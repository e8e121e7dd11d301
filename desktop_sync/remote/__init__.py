"""What other programs on this machine, and services through a tunnel, can tell this one (SPEC §8, §12, §13)."""
