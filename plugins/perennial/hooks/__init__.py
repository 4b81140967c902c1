"""Thin callers of AWS: the provider's connection handling, and the few calls that the flows make."""
