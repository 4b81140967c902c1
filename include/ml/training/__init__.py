"""Fitting with checkpoints, and the artifact that a fit leaves behind."""
