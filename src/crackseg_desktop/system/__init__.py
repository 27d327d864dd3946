"""Where operating systems differ: single instance, signals, sleep."""
