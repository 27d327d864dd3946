"""Pure functions of readings and curves: what can be concluded from what was measured."""
