"""The dsql mode: every refusal and limit, and conflicts at COMMIT."""
