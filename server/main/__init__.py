"""GavelDB: a PostgreSQL-compatible server with the architecture of Aurora DSQL inside."""

__version__ = "0.1.0"
