"""Rules as data and the state machine that judges them."""
