"""The storage room: one ordered keyspace of bytes per database, kept current by the crossbar.

Nobody writes here but the journal's feed (`environments.py`, over `store.py` or `memory_store.py`);
readers get snapshots (`snapshot.py`). Keys are made in `keys.py`, long ones are hidden in
`longkeys.py`, rows are encoded in `rows.py`. `opening.py` recovers and wires it all, from the data
directory (`directory.py`) and its checkpoints (`checkpoint.py`). The door is `api.py`, what can go
wrong is in `errors.py`. Read api, keys, store, snapshot, environments, opening, in this order.
"""
