"""Configurations as a person sets them up: kept, and checked against what is there."""
