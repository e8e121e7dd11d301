"""Limits that keep an expression from costing more than it is worth (RELIABILITY X7)."""

from __future__ import annotations

MAX_CHARACTERS = 4_000
MAX_NODES = 500
MAX_TOKENS = 3 * MAX_NODES  # commas and brackets are tokens, but no nodes
MAX_DEPTH = 30
MAX_NUMBER_DIGITS = 38
MAX_EXPONENT = 308
MAX_PATTERN_CHARACTERS = 500
MAX_FORMAT_CHARACTERS = 100
MAX_REPEAT = 10_000

# Longest text that one evaluation may build, and what a field's text is taken to be when that is estimated.
MAX_RESULT_CHARACTERS = 1_048_576
NOMINAL_FIELD_CHARACTERS = 1_000
NOMINAL_VALUE_CHARACTERS = 64

# SQL text handed to DuckDB; a translation repeats no operand, so this is far above what the limits above let through.
MAX_SQL_CHARACTERS = 100_000

MAX_SAMPLES = 100
