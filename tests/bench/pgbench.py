"""pgbench of the oracle's wheel: its three built-in scripts, one and sixteen clients, all protocols."""

import re
import subprocess

from ..server_process import oracle_folder
from .table import Figure, Place

SCRIPTS = {"select-only": "select", "simple-update": "simple-update", "tpcb-like": "tpcb"}


def _pgbench(place: Place, *arguments: str) -> str:
    where = ["-h", place.host, "-p", str(place.port), "-U", "postgres"]
    command = [str(oracle_folder() / "pgbench"), *where, *arguments, "postgres"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def prepare(place: Place, scale: int) -> None:
    """pgbench's tables."""
    _pgbench(place, "-i", "-q", "-I", "dtgp", "-s", str(scale))


def figures(seconds: int) -> list[Figure]:
    """Transactions per second."""
    found = []
    for script, short in SCRIPTS.items():
        for protocol in (
            ("prepared", "extended", "simple") if script == "select-only" else ("prepared", "simple")
        ):
            for clients in (1, 16):
                name = f"{short} {protocol} {clients} client{'s' * (clients > 1)}"
                arguments = ["-n", "-b", script, "-M", protocol, "-c", str(clients), "-T", str(seconds)]

                def measure(place: Place, arguments: list[str] = arguments) -> float:
                    told = _pgbench(place, *arguments, "--max-tries=100")
                    rate = re.search(r"tps = ([\d.]+)", told)
                    assert rate is not None, told
                    return float(rate[1])

                found.append(Figure(name, "tps", measure))
    return found
