"""Simulated people, painted from two public-domain portraits."""
