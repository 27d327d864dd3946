"""What trainings say: their runs, found and followed in the files they write, which are only ever read."""
