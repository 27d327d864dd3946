"""Simulated sources for ``--demo``, labelled as simulated wherever they show."""
