"""Configurations and endpoints as TOML files: read strictly, and written to be read."""
