"""What was measured before now."""
