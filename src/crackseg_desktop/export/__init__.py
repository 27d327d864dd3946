"""What other programs read: JSON documents, tables."""
