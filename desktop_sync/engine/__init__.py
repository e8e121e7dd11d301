"""Set-based work on whole batches: Arrow in, Arrow out."""
