"""Aurora DSQL's rules, limits and sessions: all that `--dsql` adds."""
