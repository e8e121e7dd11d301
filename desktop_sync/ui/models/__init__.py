"""Table models that show pages of a service, fetched in workers."""
