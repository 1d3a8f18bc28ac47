"""Utility statements that are not DDL: transactions, cursors, prepared statements, settings, EXPLAIN, ..."""
