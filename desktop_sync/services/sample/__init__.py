"""The sample project: its data, its two systems and its configuration."""
