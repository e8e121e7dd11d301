"""Endpoints as a person sets them up: tried, looked into, with suggestions and samples."""
