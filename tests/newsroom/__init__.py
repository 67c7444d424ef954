"""A simulated newsroom: invented sites on a real HTTP server, with a clock of its own and the truth in a ledger."""
