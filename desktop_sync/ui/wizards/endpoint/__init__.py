"""The endpoint wizard: one page a file, faces of `core.endpoint_setup`."""
