"""The configuration wizard: one page a file, faces of `core.setup_flow`."""
