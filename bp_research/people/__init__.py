"""People compared: one with healthy people, one over time, groups with each other."""
