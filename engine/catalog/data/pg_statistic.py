"""The built-in rows of pg_statistic, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('starelid', 'staattnum', 'stainherit', 'stanullfrac', 'stawidth', 'stadistinct', 'stakind1', 'stakind2', 'stakind3', 'stakind4', 'stakind5', 'staop1', 'staop2', 'staop3', 'staop4', 'staop5', 'stacoll1', 'stacoll2', 'stacoll3', 'stacoll4', 'stacoll5', 'stanumbers1', 'stanumbers2', 'stanumbers3', 'stanumbers4', 'stanumbers5', 'stavalues1', 'stavalues2', 'stavalues3', 'stavalues4', 'stavalues5')
ROWS = r"""
"""
