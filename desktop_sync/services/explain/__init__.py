"""What was done to a record and why, how it stands, and what each step does to it."""
