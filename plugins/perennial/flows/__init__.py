"""Spec → DAG: one builder a flow. Pure wiring; what tasks do is in `perennial.operators`."""
