"""What the DAGs and the jobs share: `specs`, the vocabulary, and `ml`, the computation that runs inside jobs."""
