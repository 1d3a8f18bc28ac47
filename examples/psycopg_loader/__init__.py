"""Loading many rows with psycopg: COPY in, indexes, a summary, COPY out.

gaveldb serve --data-dir data                            # in another terminal
python -m examples.psycopg_loader --rows 1000000         # and --url, --binary
"""
