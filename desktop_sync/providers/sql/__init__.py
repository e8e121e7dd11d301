"""Databases. SQLite has its own bulk paths (`sqlite_*`); `provider` chooses by the kind of database."""
