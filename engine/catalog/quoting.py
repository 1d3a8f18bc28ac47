"""Identifiers and literals as PostgreSQL quotes them (quote_identifier, quote_literal)."""

import re

_SAFE = re.compile(r"[a-z_][a-z0-9_]*\Z").match
_RESERVED: frozenset[str] | None = None


def _quoted_keywords() -> frozenset[str]:
    """Keywords that must be quoted as identifiers: all but the unreserved ones."""
    global _RESERVED
    if _RESERVED is None:
        from pglast.keywords import COL_NAME_KEYWORDS, RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

        _RESERVED = frozenset(COL_NAME_KEYWORDS | RESERVED_KEYWORDS | TYPE_FUNC_NAME_KEYWORDS)
    return _RESERVED


def quote_identifier(name: str) -> str:
    """The name, in double quotes if it needs them."""
    if _SAFE(name) and name not in _quoted_keywords():
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_qualified(schema: str | None, name: str) -> str:
    """schema.name, each quoted as needed."""
    return (
        quote_identifier(name) if schema is None else f"{quote_identifier(schema)}.{quote_identifier(name)}"
    )


def quote_literal(text: str) -> str:
    """The text as an SQL string literal, E'' if it holds backslashes."""
    body = text.replace("'", "''")
    if "\\" in body:
        return "E'" + body.replace("\\", "\\\\") + "'"
    return "'" + body + "'"
