"""Types: assigned from the configuration, inferred where it says auto."""
