"""Proof that both sides agree, and its report."""
