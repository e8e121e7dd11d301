"""Folders of delimited text files: each file is a structure, its first line names the fields."""
