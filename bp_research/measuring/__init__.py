"""Many photos measured, and many looks at one photo."""
