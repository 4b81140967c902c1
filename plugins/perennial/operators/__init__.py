"""What a task can do: run a job and wait for it, publish a partition, branch on the gate, register, notify."""
