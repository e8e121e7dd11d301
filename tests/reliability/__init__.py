"""How far the product can be trusted, measured: `python -m tests.reliability`."""
