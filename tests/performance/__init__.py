"""The benchmark: `python -m tests.performance`. See README.md beside this file."""
