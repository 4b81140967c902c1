"""How good a model is, how sure we are of it, and whether that is good enough."""
