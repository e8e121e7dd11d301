"""The window: the only package that knows Qt. It reaches everything else through the application it is given."""
