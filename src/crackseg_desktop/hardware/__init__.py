"""What this machine says: its GPUs, itself, its trainings' processes, and the sampler that asks them in time."""
