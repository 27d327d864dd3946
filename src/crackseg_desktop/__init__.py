"""CrackSeg Desktop: a tray application that watches trainings and the workstation they run on."""

__version__ = "0.1.0"

APP_NAME = "crackseg-desktop"
"""What the program is called where a name must not hold spaces: commands, folders, sockets, desktop entries."""
