"""Waiting without a worker. Nothing of the project is imported here: the triggerer has no DAG folder on its path."""
