"""What this machine says: GPUs, host and processes, sampled in a worker thread."""
