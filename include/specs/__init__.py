"""The vocabulary: what a model, a data set, a job and a report are. Standard library only, imported by everything."""
