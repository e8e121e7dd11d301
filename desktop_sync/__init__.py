"""Desktop Sync keeps records in two systems the same."""

__version__ = "0.1.0"
