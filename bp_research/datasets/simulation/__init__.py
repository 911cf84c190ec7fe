"""Simulated faces: two public-domain portraits, moved and repainted as people with and without facial palsy."""
