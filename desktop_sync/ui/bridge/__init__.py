"""Between the window's thread and the workers: the one door for background jobs (DESIGN, Threads)."""
