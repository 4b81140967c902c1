"""The container contract without containers: where a job's command runs, what it sees, and how it ends."""
