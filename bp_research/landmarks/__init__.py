"""Landmark models: what they are, where their files come from, and the landmarks of one photo."""
