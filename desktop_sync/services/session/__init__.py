"""An opened configuration: its endpoints, layouts and workbench, what is known of their clocks, and whose it is."""
