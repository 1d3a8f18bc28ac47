"""The built-in rows of pg_ts_config, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'cfgname', 'cfgnamespace', 'cfgowner', 'cfgparser')
ROWS = r"""
[3748,"simple",11,10,3722]
[12364,"arabic",11,10,3722]
[12366,"armenian",11,10,3722]
[12368,"basque",11,10,3722]
[12370,"catalan",11,10,3722]
[12372,"danish",11,10,3722]
[12374,"dutch",11,10,3722]
[12376,"english",11,10,3722]
[12378,"estonian",11,10,3722]
[12380,"finnish",11,10,3722]
[12382,"french",11,10,3722]
[12384,"german",11,10,3722]
[12386,"greek",11,10,3722]
[12388,"hindi",11,10,3722]
[12390,"hungarian",11,10,3722]
[12392,"indonesian",11,10,3722]
[12394,"irish",11,10,3722]
[12396,"italian",11,10,3722]
[12398,"lithuanian",11,10,3722]
[12400,"nepali",11,10,3722]
[12402,"norwegian",11,10,3722]
[12404,"portuguese",11,10,3722]
[12406,"romanian",11,10,3722]
[12408,"russian",11,10,3722]
[12410,"serbian",11,10,3722]
[12412,"spanish",11,10,3722]
[12414,"swedish",11,10,3722]
[12416,"tamil",11,10,3722]
[12418,"turkish",11,10,3722]
[12420,"yiddish",11,10,3722]
"""
