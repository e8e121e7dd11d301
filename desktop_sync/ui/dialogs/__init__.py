"""Dialogs; they are opened with `open()`, never with a modal `exec()`."""
