"""What became of writes that were cut off or not answered: found out, and written down."""
