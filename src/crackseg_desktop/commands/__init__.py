"""The commands, by what they are for: each takes the options and returns the exit code."""
