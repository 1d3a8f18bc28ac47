"""The built-in rows of pg_ts_dict, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'dictname', 'dictnamespace', 'dictowner', 'dicttemplate', 'dictinitoption')
ROWS = r"""
[3765,"simple",11,10,3727,null]
[12363,"arabic_stem",11,10,12362,"language = 'arabic'"]
[12365,"armenian_stem",11,10,12362,"language = 'armenian'"]
[12367,"basque_stem",11,10,12362,"language = 'basque'"]
[12369,"catalan_stem",11,10,12362,"language = 'catalan'"]
[12371,"danish_stem",11,10,12362,"language = 'danish', stopwords = 'danish'"]
[12373,"dutch_stem",11,10,12362,"language = 'dutch', stopwords = 'dutch'"]
[12375,"english_stem",11,10,12362,"language = 'english', stopwords = 'english'"]
[12377,"estonian_stem",11,10,12362,"language = 'estonian'"]
[12379,"finnish_stem",11,10,12362,"language = 'finnish', stopwords = 'finnish'"]
[12381,"french_stem",11,10,12362,"language = 'french', stopwords = 'french'"]
[12383,"german_stem",11,10,12362,"language = 'german', stopwords = 'german'"]
[12385,"greek_stem",11,10,12362,"language = 'greek'"]
[12387,"hindi_stem",11,10,12362,"language = 'hindi'"]
[12389,"hungarian_stem",11,10,12362,"language = 'hungarian', stopwords = 'hungarian'"]
[12391,"indonesian_stem",11,10,12362,"language = 'indonesian'"]
[12393,"irish_stem",11,10,12362,"language = 'irish'"]
[12395,"italian_stem",11,10,12362,"language = 'italian', stopwords = 'italian'"]
[12397,"lithuanian_stem",11,10,12362,"language = 'lithuanian'"]
[12399,"nepali_stem",11,10,12362,"language = 'nepali', stopwords = 'nepali'"]
[12401,"norwegian_stem",11,10,12362,"language = 'norwegian', stopwords = 'norwegian'"]
[12403,"portuguese_stem",11,10,12362,"language = 'portuguese', stopwords = 'portuguese'"]
[12405,"romanian_stem",11,10,12362,"language = 'romanian'"]
[12407,"russian_stem",11,10,12362,"language = 'russian', stopwords = 'russian'"]
[12409,"serbian_stem",11,10,12362,"language = 'serbian'"]
[12411,"spanish_stem",11,10,12362,"language = 'spanish', stopwords = 'spanish'"]
[12413,"swedish_stem",11,10,12362,"language = 'swedish', stopwords = 'swedish'"]
[12415,"tamil_stem",11,10,12362,"language = 'tamil'"]
[12417,"turkish_stem",11,10,12362,"language = 'turkish', stopwords = 'turkish'"]
[12419,"yiddish_stem",11,10,12362,"language = 'yiddish'"]
"""
