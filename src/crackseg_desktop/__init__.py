"""CrackSeg Desktop: a tray application that watches trainings and the workstation they run on."""

__version__ = "0.1.0"
