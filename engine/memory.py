"""The memory of a statement, so that one that needs too much ends with 53200 and the server lives on.

What a plan keeps in Python objects cannot be counted cheaply, the process's resident memory can: at
each breath a statement is charged with what the process has grown by since anybody's last breath,
since nothing else ran meanwhile.
"""

import os
from time import monotonic
from typing import Any

from .errors import SqlError
from .sqlstates import OUT_OF_MEMORY

STATEMENT_PART = 0.4  # of the machine's (or container's) memory, for one statement
PROCESS_PART = 0.75  # beyond it, any statement that is LARGE ends
LARGE = 64 << 20

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_last = 0
_total = 0
_file = -1
last_breath = 0.0  # time.monotonic() of the latest breath of any statement


def _resident() -> int:
    """The resident memory of this process without shared pages (the store's map); 0: unknown."""
    global _file
    try:
        if _file < 0:
            _file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        fields = os.pread(_file, 96, 0).split()
        return (int(fields[1]) - int(fields[2])) * _PAGE
    except OSError:
        return 0


def total_memory() -> int:
    """What the machine, or the container, has."""
    global _total
    if not _total:
        try:
            _total = os.sysconf("SC_PHYS_PAGES") * _PAGE
        except (ValueError, OSError):
            _total = 1 << 40
        for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
            try:
                with open(path) as file:
                    _total = min(_total, int(file.read()))
            except (OSError, ValueError):
                continue
    return _total


class Meter:
    """One statement's account."""

    __slots__ = ("charged",)

    def __init__(self) -> None:
        global _last
        self.charged = 0
        _last = _resident()

    def breath(self) -> None:
        """Charge the statement; 53200 if it has taken too much."""
        global _last, last_breath
        last_breath = monotonic()
        now = _resident()
        self.charged += now - _last
        _last = now
        if self.charged > LARGE:
            total = total_memory()
            if self.charged > total * STATEMENT_PART or now > total * PROCESS_PART:
                raise out_of_memory("The statement needs more memory than one statement may have.")


def out_of_memory(detail: str) -> Any:
    """53200."""
    return SqlError(OUT_OF_MEMORY, "out of memory", detail=detail)
