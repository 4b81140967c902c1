"""Orchestration: turns a model's spec into DAGs whose tasks ask AWS to do the work. Needs no pandas."""
