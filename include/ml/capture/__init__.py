"""Captured traffic: SageMaker's data-capture files and batch-transform output as one table of a day, and back."""
