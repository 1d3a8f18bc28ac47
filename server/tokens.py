"""IAM tokens as Aurora DSQL's clients send them: a presigned URL in place of a password.

    <host>/?Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=...
           &X-Amz-Date=20261001T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=...

There is no AWS here, so nobody can tell whether a signature is right; its presence, the action and the time
are looked at. Texts are those recorded from the service; the hint's times follow AWS's usual text.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import INVALID_AUTHORIZATION_SPECIFICATION

ADMIN = "admin"
SECONDS_MAX = 604_800
_NEEDED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_FORMAT = "%Y%m%dT%H%M%SZ"


def refused(message: str = "unable to accept connection, access denied", hint: str | None = None) -> SqlError:
    """28000 (the SQLSTATE is inferred)."""
    return SqlError(INVALID_AUTHORIZATION_SPECIFICATION, message, hint=hint, severity="FATAL")


def accept_any(user: str, token: str) -> bool:
    """Whatever it is."""
    return True


def token_check(
    is_mapped: Callable[[str], bool],
    now: Callable[[], datetime] | None = None,
    server_name: str | None = None,
) -> Callable[[str, str], bool]:
    """A check of everything but the signature. `is_mapped`: whether AWS IAM GRANT has given the role to
    anybody; the role admin needs no grant. `server_name`: the host that the client asked for (SNI), which
    the token must be for; the text of that is inferred. Raises SqlError, FATAL."""
    clock = now if now is not None else lambda: datetime.now(UTC)

    def check(user: str, token: str) -> bool:
        host, separator, query = token.partition("/?")
        fields = {name: values[0] for name, values in parse_qs(query).items()}
        if not host or not separator or "Action" not in fields or any(name not in fields for name in _NEEDED):
            raise refused()
        if server_name is not None and host.partition(":")[0].lower() != server_name.lower():
            raise refused()
        action = "DbConnectAdmin" if user == ADMIN else "DbConnect"
        if fields["Action"] != action:
            raise refused(f"Wrong user to action mapping. user: {user}, action: {fields['Action']}")
        try:
            signed = datetime.strptime(fields["X-Amz-Date"], _FORMAT).replace(tzinfo=UTC)
            seconds = int(fields["X-Amz-Expires"])
        except ValueError:
            raise refused() from None
        if not 0 < seconds <= SECONDS_MAX:
            raise refused()
        ends, present = signed + timedelta(seconds=seconds), clock()
        if ends < present:
            hint = f"Signature expired: {ends:{_FORMAT}} is now earlier than {present:{_FORMAT}}"
            raise refused(hint=hint)
        if user != ADMIN and not is_mapped(user):
            raise refused()
        return True

    return check
