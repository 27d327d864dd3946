"""Gathering what a report is about from this machine: the history, the runs, the alert log."""
