"""From an alert to a person: words, routing, and the native notification services."""
