"""Faults: what AWS and networks do to a request, a transfer or a job, switched on by tests."""
