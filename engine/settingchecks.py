"""Checks of settings whose values are strings with a meaning (PostgreSQL's check hooks).

A check takes (settings, text) and returns the value to keep; it raises SqlError if the text is wrong.
"""

import re
from collections.abc import Callable
from typing import Any

from .catalog.namespaces import split_identifier_list
from .errors import SqlError
from .settingvalues import invalid_value
from .sqlstates import INSUFFICIENT_PRIVILEGE, INVALID_PARAMETER_VALUE

CHECKS: dict[str, Callable[[Any, str], Any]] = {}

ENCODINGS = {  # what clean_encoding_name makes of a name -> (PostgreSQL's name, Python's codec, number)
    "sqlascii": ("SQL_ASCII", "latin-1", 0),
    "utf8": ("UTF8", "utf-8", 6),
    "unicode": ("UTF8", "utf-8", 6),
    "latin1": ("LATIN1", "latin-1", 8),
    "iso88591": ("LATIN1", "latin-1", 8),
    "latin2": ("LATIN2", "iso8859-2", 9),
    "iso88592": ("LATIN2", "iso8859-2", 9),
    "latin3": ("LATIN3", "iso8859-3", 10),
    "iso88593": ("LATIN3", "iso8859-3", 10),
    "latin4": ("LATIN4", "iso8859-4", 11),
    "iso88594": ("LATIN4", "iso8859-4", 11),
    "latin5": ("LATIN5", "iso8859-9", 12),
    "iso88599": ("LATIN5", "iso8859-9", 12),
    "latin6": ("LATIN6", "iso8859-10", 13),
    "iso885910": ("LATIN6", "iso8859-10", 13),
    "latin7": ("LATIN7", "iso8859-13", 14),
    "iso885913": ("LATIN7", "iso8859-13", 14),
    "latin8": ("LATIN8", "iso8859-14", 15),
    "iso885914": ("LATIN8", "iso8859-14", 15),
    "latin9": ("LATIN9", "iso8859-15", 16),
    "iso885915": ("LATIN9", "iso8859-15", 16),
    "latin10": ("LATIN10", "iso8859-16", 17),
    "iso885916": ("LATIN10", "iso8859-16", 17),
    "win1256": ("WIN1256", "cp1256", 18),
    "windows1256": ("WIN1256", "cp1256", 18),
    "win1258": ("WIN1258", "cp1258", 19),
    "windows1258": ("WIN1258", "cp1258", 19),
    "win866": ("WIN866", "cp866", 20),
    "alt": ("WIN866", "cp866", 20),
    "win874": ("WIN874", "cp874", 21),
    "windows874": ("WIN874", "cp874", 21),
    "koi8r": ("KOI8R", "koi8-r", 22),
    "koi8": ("KOI8R", "koi8-r", 22),
    "win1251": ("WIN1251", "cp1251", 23),
    "windows1251": ("WIN1251", "cp1251", 23),
    "win": ("WIN1251", "cp1251", 23),
    "win1252": ("WIN1252", "cp1252", 24),
    "windows1252": ("WIN1252", "cp1252", 24),
    "iso88595": ("ISO_8859_5", "iso8859-5", 25),
    "iso88596": ("ISO_8859_6", "iso8859-6", 26),
    "iso88597": ("ISO_8859_7", "iso8859-7", 27),
    "iso88598": ("ISO_8859_8", "iso8859-8", 28),
    "win1250": ("WIN1250", "cp1250", 29),
    "windows1250": ("WIN1250", "cp1250", 29),
    "win1253": ("WIN1253", "cp1253", 30),
    "windows1253": ("WIN1253", "cp1253", 30),
    "win1254": ("WIN1254", "cp1254", 31),
    "windows1254": ("WIN1254", "cp1254", 31),
    "win1255": ("WIN1255", "cp1255", 32),
    "windows1255": ("WIN1255", "cp1255", 32),
    "win1257": ("WIN1257", "cp1257", 33),
    "windows1257": ("WIN1257", "cp1257", 33),
    "koi8u": ("KOI8U", "koi8-u", 34),
    "eucjp": ("EUC_JP", "euc-jp", 1),
    "euccn": ("EUC_CN", "gb2312", 2),
    "euckr": ("EUC_KR", "euc-kr", 3),
    "sjis": ("SJIS", "cp932", 35),
    "shiftjis": ("SJIS", "cp932", 35),
    "win932": ("SJIS", "cp932", 35),
    "mskanji": ("SJIS", "cp932", 35),
    "windows932": ("SJIS", "cp932", 35),
    "big5": ("BIG5", "big5", 36),
    "win950": ("BIG5", "big5", 36),
    "windows950": ("BIG5", "big5", 36),
    "gbk": ("GBK", "gbk", 37),
    "win936": ("GBK", "gbk", 37),
    "windows936": ("GBK", "gbk", 37),
    "uhc": ("UHC", "cp949", 38),
    "win949": ("UHC", "cp949", 38),
    "windows949": ("UHC", "cp949", 38),
    "gb18030": ("GB18030", "gb18030", 39),
    "johab": ("JOHAB", "johab", 40),
}
# the rest of PostgreSQL's encoding numbers: named, without a codec
ENCODING_NUMBERS = {number: name for name, _, number in ENCODINGS.values()} | {
    4: "EUC_TW",
    5: "EUC_JIS_2004",
    7: "MULE_INTERNAL",
    41: "SHIFT_JIS_2004",
}


def check(name: str) -> Callable[[Callable[[Any, str], Any]], Callable[[Any, str], Any]]:
    """Register a check for a setting (lower-case name)."""

    def register(function: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        CHECKS[name] = function
        return function

    return register


def encoding_entry(text: str) -> tuple[str, str, int] | None:
    """(name, codec, number) of an encoding name in any spelling."""
    return ENCODINGS.get("".join([c for c in text.lower() if c.isalnum()]))


@check("client_encoding")
def _client_encoding(settings: Any, text: str) -> str:
    entry = encoding_entry(text)
    if entry is None:
        raise invalid_value("client_encoding", text)
    return entry[0]


_STYLES = {"iso": "ISO", "sql": "SQL", "german": "German", "postgres": "Postgres"}
_ORDERS = {"ymd": "YMD", "dmy": "DMY", "euro": "DMY", "mdy": "MDY", "us": "MDY", "noneuro": "MDY"}


@check("datestyle")
def _datestyle(settings: Any, text: str) -> str:
    style, order = settings.datestyle
    new_style: str | None = None
    new_order: str | None = None
    conflict = False
    try:
        words = split_identifier_list(text)
    except SqlError:
        raise invalid_value("DateStyle", text, detail="List syntax is invalid.") from None
    for word in words:
        word = word.lower()
        found_style = next(
            (s for k, s in _STYLES.items() if word == k or (k == "postgres" and word.startswith(k))), None
        )
        found_order = (
            "MDY" if word.startswith("noneuro") else "DMY" if word.startswith("euro") else _ORDERS.get(word)
        )
        if found_style:
            conflict |= new_style not in (None, found_style)
            new_style = found_style
            if found_style == "German" and new_order is None:
                order = "DMY"
        elif found_order:
            conflict |= new_order not in (None, found_order)
            new_order = found_order
        elif word == "default":
            defaults = settings.reset_value("datestyle").split(", ")
            new_style = new_style or defaults[0]
            new_order = new_order or defaults[1]
        else:
            raise invalid_value("DateStyle", text, detail=f'Unrecognized key word: "{word}".')
    if conflict:
        raise invalid_value("DateStyle", text, detail='Conflicting "DateStyle" specifications.')
    return f"{new_style or style}, {new_order or order}"


def hours_zone(hours: float) -> str:
    """The POSIX name of a fixed offset, as SET TIME ZONE <hours east> makes it."""
    seconds = round(hours * 3600)
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(abs(seconds), 60)
    text = (
        f"{minutes // 60:02}"
        + (f":{minutes % 60:02}" if minutes % 60 or rest else "")
        + (f":{rest:02}" if rest else "")
    )
    return f"<{sign}{text}>{'+' if sign == '-' else '-'}{text}"


def canonical_zone(text: str) -> str | None:
    """The name of a time zone, or its POSIX string, as a setting keeps it; None if there is no such zone."""
    from .types.timezones import find_zone

    zone = find_zone(text)
    return None if zone is None else zone.name


_HOURS = re.compile(
    r"[ \t\n\r\v\f]*([+-]?)(?:((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)|0x([0-9a-f]+))\Z",
    re.IGNORECASE,
)


@check("timezone")
def _timezone(settings: Any, text: str) -> str:
    if text.lower() in ("default", "local"):
        return str(settings.reset_value("timezone"))
    interval = re.match(r"interval[ \t\n\r\v\f]*'(.*)'\Z", text, re.I | re.S)
    number = None if interval else _HOURS.match(text)
    if interval:
        from .types.interval_parse import parse_interval

        value = parse_interval(interval[1], "postgres")
        for field, word in ((value.months, "months"), (value.days, "days")):
            if field:
                detail = f"Cannot specify {word} in time zone interval."
                raise invalid_value("TimeZone", text, detail=detail)
        hours = value.microseconds / 3_600_000_000
    elif number:
        hours = float(number[2]) if number[2] else float(int(number[3], 16))
        hours = -hours if number[1] == "-" else hours
    else:
        name = canonical_zone(text)
        if name is None:
            raise invalid_value("TimeZone", text)
        return name
    if not -168 < hours < 168:
        raise invalid_value("TimeZone", text, detail="UTC timezone offset is out of range.")
    return hours_zone(hours)


@check("log_timezone")
def _log_timezone(settings: Any, text: str) -> str:
    name = canonical_zone(text)
    if name is None:
        raise invalid_value("log_timezone", text)
    return name


@check("search_path")
def _search_path(settings: Any, text: str) -> str:
    try:
        split_identifier_list(text)
    except SqlError:
        raise invalid_value("search_path", text, detail="List syntax is invalid.") from None
    return text


@check("application_name")
def _application_name(settings: Any, text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join([chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in text.encode()])


@check("default_tablespace")
def _default_tablespace(settings: Any, text: str) -> str:
    catalog = settings.catalog
    if text and catalog is not None and not catalog.pg_tablespace.find("spcname", text):
        raise invalid_value("default_tablespace", text, detail=f'Tablespace "{text}" does not exist.')
    return text


@check("default_table_access_method")
def _table_access_method(settings: Any, text: str) -> str:
    if not text:
        raise invalid_value(
            "default_table_access_method", text, detail='"default_table_access_method" cannot be empty.'
        )
    catalog = settings.catalog
    if catalog is not None and not catalog.pg_am.find("amname", text):
        raise invalid_value(
            "default_table_access_method", text, detail=f'Table access method "{text}" does not exist.'
        )
    return text


@check("default_text_search_config")
def _text_search_config(settings: Any, text: str) -> str:
    catalog = settings.catalog
    if catalog is None:
        return text
    names = split_identifier_list(text.replace(".", ","))
    rows = catalog.pg_ts_config.find("cfgname", names[-1]) if names else ()
    if not rows:
        raise invalid_value("default_text_search_config", text)
    from .catalog.quoting import quote_qualified

    schema = catalog.pg_namespace.get(rows[0].cfgnamespace)
    return quote_qualified(schema.nspname, rows[0].cfgname)


def _locale(name: str) -> None:
    @check(name)
    def check_locale(settings: Any, text: str) -> str:
        if text not in ("", "C", "POSIX", "C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8"):
            raise invalid_value(name, text)
        return text


for _name in ("lc_messages", "lc_monetary", "lc_numeric", "lc_time"):
    _locale(_name)


@check("role")
def _role(settings: Any, text: str) -> str:
    session = settings.session
    if session is None or text == "none":
        return text
    catalog = settings.catalog
    rows = catalog.pg_authid.find("rolname", text)
    if not rows:
        raise SqlError(INVALID_PARAMETER_VALUE, f'role "{text}" does not exist')
    from .catalog.privileges import member_can_set_role

    if not member_can_set_role(catalog, session.session_role, rows[0].oid):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied to set role "{text}"')
    return text


@check("session_authorization")
def _session_authorization(settings: Any, text: str) -> str:
    session = settings.session
    if session is None or not text:
        return text
    catalog = settings.catalog
    rows = catalog.pg_authid.find("rolname", text)
    if not rows:
        raise SqlError(INVALID_PARAMETER_VALUE, f'role "{text}" does not exist')
    login = catalog.pg_authid.get(session.login_role)
    if rows[0].oid != session.login_role and not (login is not None and login.rolsuper):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied to set session authorization "{text}"')
    return text


@check("debug_assertions")
def _preset(settings: Any, text: str) -> str:
    return text
