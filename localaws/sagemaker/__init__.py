"""SageMaker's control plane: what the API answers, and how requests become jobs."""
