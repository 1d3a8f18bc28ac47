"""GavelDB and PostgreSQL side by side, live: recorded logic tests and random statements."""
