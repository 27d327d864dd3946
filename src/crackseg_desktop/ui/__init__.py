"""Qt only: the tray, the dashboard, and the bridge that brings events into the GUI thread."""
