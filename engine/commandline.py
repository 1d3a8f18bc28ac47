"""Settings that the server is started with: NAME=VALUE."""

from collections.abc import Iterable

from .errors import SqlError
from .settings import Settings


def server_settings(texts: Iterable[str]) -> dict[str, str]:
    """Name -> value. ValueError for what is no setting of sessions, or not its value."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text!r}: NAME=VALUE is needed")
        try:
            definition = Settings(None).definition(name)
            if definition.context not in ("user", "superuser"):
                raise ValueError(f'parameter "{definition.name}" cannot be set here')
            Settings(None, command_line={name: value})
        except SqlError as error:
            raise ValueError(error.message) from None
        found[name] = value
    return found
