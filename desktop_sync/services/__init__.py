"""Use cases: what a person or a schedule can ask the program to do. No Qt, no SQLAlchemy; adapters come through
ports."""
