"""ExecutionContext: what running code may ask of its surroundings, one object per statement."""

from typing import Any, Protocol


class ExecutionContext(Protocol):
    """Given to context functions as first argument and to generated plan functions as `ctx`."""

    catalog: Any  # engine.catalog.schema.Catalog, as this transaction sees it
    settings: Any  # engine.settings.Settings: .get("TimeZone") -> str; fast attributes, see there
    session: Any  # engine.session.Session
    transaction: Any  # engine.transaction.Transaction: reads and writes rows
    params: tuple[Any, ...]  # values of $1, $2, ... as engine values
    statement_timestamp: int  # microseconds since 2000-01-01 UTC
    transaction_timestamp: int

    def notice(self, notice: Exception) -> None:
        """Send an engine.errors.Notice to the client, in order with the rows."""
