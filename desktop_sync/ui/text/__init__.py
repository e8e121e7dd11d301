"""Words, times and sentences of the window; the one place where enums become text for people."""
