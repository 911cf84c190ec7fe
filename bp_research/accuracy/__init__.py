"""How right landmarks are: errors against annotations, and models fitted to be more so."""
