"""Reports: what a day or a week was, from the history, the runs and the alert log; as data, then as a document."""
