"""Proof of the isolation levels: PostgreSQL's specs, Hermitage's anomalies, random histories."""
