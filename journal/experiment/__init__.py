"""The crossbar experiment: one stalled host stops all. `python -m gaveldb.journal.experiment` runs it."""
