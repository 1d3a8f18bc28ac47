"""Random histories over SQL, judged by level: see run.py."""
