"""One module a file format: bytes in, points and facts out."""
