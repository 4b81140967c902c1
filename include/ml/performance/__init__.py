"""Realised quality: labels that came late, joined to the predictions of their day, against what was registered."""
