"""Statements that PostgreSQL's grammar does not have: CREATE INDEX ASYNC, ALTER TABLE ASYNC, AWS IAM GRANT.

The word ASYNC is found among the tokens and blanked out, so all positions remain those of the text; the
statement around it gets a class of its own, by whose name its command is found. So does
CALL sys.wait_for_job, since what it does is not a procedure's. Of AWS IAM GRANT role TO 'arn' the first two
words are blanked out, and the ARN becomes the name of a role.
"""

from typing import Any

from pglast import ast
from pglast.parser import ParseError, scan

from ..statement import parse

_COMMENTS = frozenset(("C_COMMENT", "SQL_COMMENT"))
# what may follow the name of a table that is itself called async
_ACTIONS = frozenset(
    """ADD_P ALTER ATTACH CLUSTER DETACH DISABLE_P DROP ENABLE_P FORCE INHERIT NO NOT OF OWNER RENAME REPLICA
    RESET SET VALIDATE ASCII_42 ASCII_46 ASCII_59""".split()  # noqa: SIM905
)


class AsyncIndexStmt(ast.IndexStmt):
    """CREATE INDEX ASYNC."""

    __slots__ = ()


class AsyncAlterTableStmt(ast.AlterTableStmt):
    """ALTER TABLE ASYNC."""

    __slots__ = ()


class AwsIamStmt(ast.GrantRoleStmt):
    """AWS IAM GRANT and REVOKE: the grantee's name is the ARN."""

    __slots__ = ()


class WaitForJobStmt(ast.CallStmt):
    """CALL sys.wait_for_job(...)."""

    __slots__ = ()


_CLASSES: dict[type, type] = {ast.IndexStmt: AsyncIndexStmt, ast.AlterTableStmt: AsyncAlterTableStmt}


def parse_with_async(text: str) -> list[Any]:
    """As engine.statement.parse."""
    lower = text.lower()
    if "aws" in lower and (found := iam_statements(text)):
        return _parse_iam(text, found)
    places: list[int] = []
    blanked = text
    if "async" in lower:
        places = async_words(text)
        for place in places:
            blanked = blanked[:place] + "     " + blanked[place + 5 :]
    statements = parse(blanked)
    if not places and "wait_for_job" not in lower:
        return statements
    for raw in statements:
        start = raw.stmt_location or 0
        end = start + raw.stmt_len if raw.stmt_len else len(text)
        if any(start <= place < end for place in places) and type(raw.stmt) in _CLASSES:
            raw.stmt.__class__ = _CLASSES[type(raw.stmt)]
        elif type(raw.stmt) is ast.CallStmt:
            name = [part.sval for part in raw.stmt.funccall.funcname]
            if name == ["sys", "wait_for_job"]:
                raw.stmt.__class__ = WaitForJobStmt
    return statements


def iam_statements(text: str) -> list[tuple[int, int, int, str]]:
    """AWS IAM statements: where AWS begins and IAM ends, where the ARN begins, and its literal."""
    try:
        tokens = [token for token in scan(text) if token.name not in _COMMENTS]
    except ParseError:
        return []
    words = [text[token.start : token.end + 1] for token in tokens]
    found = []
    for n in range(len(tokens) - 5):
        if (
            [word.lower() for word in words[n : n + 2]] == ["aws", "iam"]
            and tokens[n + 2].name in ("GRANT", "REVOKE")
            and tokens[n + 4].name == ("TO" if tokens[n + 2].name == "GRANT" else "FROM")
            and tokens[n + 5].name == "SCONST"
            and (n == 0 or words[n - 1] == ";")
            and (n + 6 == len(tokens) or words[n + 6] == ";")
        ):
            found.append((tokens[n].start, tokens[n + 1].end + 1, tokens[n + 5].start, words[n + 5]))
    return found


def _parse_iam(text: str, found: list[tuple[int, int, int, str]]) -> list[Any]:
    plain = text
    for start, end, arn, literal in found:
        plain = (
            plain[:start]
            + " " * (end - start)
            + plain[end:arn]
            + "public".ljust(len(literal))
            + (plain[arn + len(literal) :])
        )
    statements = parse_with_async(plain)
    for raw in statements:
        start = raw.stmt_location or 0
        end = start + raw.stmt_len if raw.stmt_len else len(text)
        for _, _, arn, literal in found:
            if start <= arn < end and type(raw.stmt) is ast.GrantRoleStmt:
                raw.stmt.__class__ = AwsIamStmt
                raw.stmt.grantee_roles[0].rolename = literal[1:-1].replace("''", "'")
    return statements


def async_words(text: str) -> list[int]:
    """Where the word ASYNC is the keyword."""
    try:
        tokens = [token for token in scan(text) if token.name not in _COMMENTS]
    except ParseError:
        return []
    found = []
    for n, token in enumerate(tokens):
        if token.name != "IDENT" or text[token.start : token.end + 1].lower() != "async" or n < 2:
            continue
        before = tokens[n - 1].name
        after = tokens[n + 1].name if n + 1 < len(tokens) else "ASCII_59"
        first = tokens[n - 2].name
        index = before == "INDEX" and first in ("CREATE", "UNIQUE")
        table = before == "TABLE" and first == "ALTER" and after not in _ACTIONS
        if index or table:
            found.append(token.start)
    return found
