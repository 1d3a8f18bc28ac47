"""PostgreSQL's isolation specs: their language, a tester, a comparison with the oracle."""
