"""GavelDB answers the statements of the logic files as PostgreSQL 18 did when they were recorded."""

import pytest

from ..fix_server import Server
from .runner import deviations, differences, names


@pytest.mark.parametrize("name", names())
def test_file(name: str, server: Server) -> None:
    known = deviations().get(name, {})
    found = differences(name, server.host, server.port)
    unknown = [str(difference) for difference in found if difference.statement.title not in known]
    assert not unknown, "\n".join(unknown)
    agreeing = set(known) - {difference.statement.title for difference in found}
    assert not agreeing, f"in deviations.txt, but answered as recorded: {agreeing}"


def test_deviations_name_files() -> None:
    assert set(deviations()) <= set(names())
