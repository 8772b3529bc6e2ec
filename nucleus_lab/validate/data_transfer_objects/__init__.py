"""Values of scenario tests that cross the wire."""
