"""Records tests/unit/golden/types.json: calls of catalog functions and PostgreSQL's answers to them.

    python tests/tools/record_types.py HOST PORT

A case is [prosrc, result type, strict, set, argument types, argument texts, answer]: the answer is a list of
texts (one per row, null for NULL), or {"error": [sqlstate, message, detail, hint]}.
"""

import itertools
import json
import pathlib
import sys

import psycopg

GOLDEN = pathlib.Path(__file__).parent.parent / "unit" / "golden" / "types.json"
NUMBERS = ["0", "1", "-1", "0.0001", "0.5", "-5.5", "123.456", "10", "1e10", "1e-10", "nan", "inf", "-inf"]
NUMBERS += ["12345678901234567890.5", "1.00000001", "99999", "1.1", "0.9"]
FLOATS = [
    "0",
    "-0",
    "1",
    "-1",
    "0.5",
    "2.5",
    "-1.5",
    "1e300",
    "1e-300",
    "nan",
    "inf",
    "-inf",
    "30",
    "45",
    "90",
    "750",
]
INTS = ["0", "1", "-1", "2", "7", "-7", "100", "2147483647", "-2147483648"]
TEXTS = [
    "",
    "a",
    "abc",
    "hello world",
    "a,b,c",
    "  ab ",
    "a'b",
    'a"b',
    "a\\b",
    "Abc",
    "select",
    "\u00e9\u00e0",
]
PATTERNS = [
    "a",
    "a+",
    "(a)(b)?",
    "a|ab",
    "[a-c]+",
    "\\d+",
    ".*",
    "x*",
    "*",
    "(",
    "[",
    "\\mh",
    "(?i)A",
    "a{2,1}",
    "^",
    "\\",
]
FORMATS = [
    "999.99",
    "FM999.99",
    "0999",
    "S999",
    "999PR",
    "9,999",
    "RN",
    "9.99EEEE",
    "99V99",
    "SG999",
    "999th",
    "9.9.9",
]


def calls():
    """(function, argument types, lists of argument texts)."""
    for name in ["sqrt", "exp", "ln", "ceil", "floor", "sign", "scale", "min_scale", "trim_scale", "abs"]:
        yield name, ["numeric"], [NUMBERS]
    for name in ["power", "log", "mod", "div", "numeric_add", "numeric_mul", "numeric_div", "numeric_sub"]:
        yield name, ["numeric", "numeric"], [NUMBERS, NUMBERS[:13]]
    for name in ["round", "trunc"]:
        yield name, ["numeric", "int4"], [NUMBERS, ["0", "2", "-2"]]
    for name in [
        "sin",
        "cosd",
        "tand",
        "asind",
        "atan",
        "sqrt",
        "exp",
        "ln",
        "round",
        "ceil",
        "floor",
        "trunc",
        "sign",
    ]:
        yield name, ["float8"], [FLOATS]
    for name in ["float8pl", "float8mul", "float8div", "float8eq", "float8lt", "power"]:
        yield name, ["float8", "float8"], [FLOATS, FLOATS[:12]]
    for name in ["int4pl", "int4mi", "int4mul", "int4div", "int4mod", "gcd", "lcm", "int4and", "int4shl"]:
        yield name, ["int4", "int4"], [INTS, INTS]
    for name in [
        "upper",
        "lower",
        "length",
        "btrim",
        "reverse",
        "md5",
        "quote_ident",
        "quote_literal",
        "ascii",
        "hashtext",
        "initcap",
        "octet_length",
    ]:
        yield name, ["text"], [TEXTS[:-1]]
    for name in ["left", "right", "repeat"]:
        yield name, ["text", "int4"], [TEXTS, INTS[:6]]
    yield "substr", ["text", "int4", "int4"], [TEXTS, INTS[:7], INTS[:7]]
    yield "split_part", ["text", "text", "int4"], [TEXTS, [",", "", "b"], INTS[:4]]
    for name in ["regexp_match", "regexp_split_to_array", "textregexeq"]:
        yield name, ["text", "text"], [TEXTS, PATTERNS]
    yield "regexp_replace", ["text", "text", "text", "text"], [TEXTS, PATTERNS, ["<\\1\\&>"], ["", "g"]]
    yield "textlike", ["text", "text"], [TEXTS, ["%", "a%", "%b%", "_bc", "ab\\", "a\\%"]]
    yield "to_char", ["numeric", "text"], [NUMBERS[:13], FORMATS]
    yield "to_char", ["float8", "text"], [FLOATS, FORMATS]
    yield "decode", ["text", "text"], [["AAH/", "A", "0g", "00ff", "\\000a"], ["hex", "base64", "escape"]]


def main() -> None:
    connection = psycopg.connect(f"host={sys.argv[1]} port={sys.argv[2]} user=postgres dbname=postgres")
    connection.autocommit = True
    cases = []
    for name, types, columns in calls():
        found = connection.execute(
            "select prosrc, prorettype::regtype::text, proisstrict, proretset from pg_proc where proname = %s"
            " and proargtypes::text = array_to_string(%s::text[]::regtype[]::oid[], ' ') and prolang = 12",
            (name, types),
        ).fetchone()
        assert found is not None, (name, types)
        for texts in itertools.product(*columns):
            arguments = ", ".join(
                "'" + t.replace("'", "''") + f"'::{k}" for t, k in zip(texts, types, strict=True)
            )
            answer = connection.pgconn.exec_(f"select {name}({arguments})".encode())
            if answer.status == psycopg.pq.ExecStatus.TUPLES_OK:
                values = [answer.get_value(row, 0) for row in range(answer.ntuples)]
                result = [None if value is None else value.decode() for value in values]
            else:
                fields = [answer.error_field(ord(code)) for code in "CMDH"]
                result = {"error": [None if field is None else field.decode() for field in fields]}
            cases.append([*found, types, list(texts), result])
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(f"[\n{lines}\n]\n")
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
