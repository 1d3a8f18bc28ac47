"""What things cost in the generated Python code, in microseconds, as measured on the development machine.

Only ratios matter: they choose between plans. EXPLAIN prints them as PostgreSQL prints its costs.
"""

from math import log2

SEQ_ROW = 0.30  # decode one row in a scan of the whole table
INDEX_START = 1.0  # position a cursor
INDEX_ROW = 1.0  # next index entry plus a get of the row
INDEX_ONLY_ROW = 0.45
BITMAP_ROW = 0.75
ROWID_GET = 0.5
QUAL = 0.06  # one operator
FUNCTION = 0.3  # one function call that is not inlined
SUBPLAN_START = 1.5
HASH_BUILD_ROW = 0.40
HASH_PROBE_ROW = 0.30
LOOP_ROW = 0.05  # give a row to the next operator
COLLECTED_ROW = 0.12  # save a row and give it again
AGG_ROW = 0.15
GROUP_ROW = 0.30
VALUE_ROW = 0.10


def sort_cost(rows: float, limit: float | None = None) -> float:
    """Sorting `rows` rows, or keeping the first `limit`."""
    rows = max(rows, 2.0)
    kept = rows if limit is None else max(min(limit, rows), 2.0)
    return rows * 0.30 + rows * log2(kept) * 0.05


def hash_key_cost(rows: float, keys: int) -> float:
    """Hashing or comparing `keys` keys of `rows` rows beyond the first one."""
    return rows * 0.05 * max(keys - 1, 0)
