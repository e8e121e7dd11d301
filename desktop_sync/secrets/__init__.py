"""Where secrets are kept, and how they are kept out of the log. Each module is imported by its own name: the libraries
of the password stores take as long to load as all else that a small run needs."""
