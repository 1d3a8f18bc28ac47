"""Temporary files for what does not fit into work_mem: sorted runs, and groups of aggregates.

Python rows are much larger than PostgreSQL's tuples, so work_mem counts FACTOR times. A block of
rows is written with marshal, which is fastest, or pickle if a value is of a type of ours.
"""

import marshal
import pickle
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from sys import getsizeof
from typing import Any

from .graveyard import bury

FACTOR = 8
SAMPLE = 1024
PARTITIONS = 32


def budget(ctx: Any) -> int:
    """The bytes that one sort or hash table may take."""
    return int(getattr(ctx.settings, "work_mem", 4096)) * 1024 * FACTOR


def size_of(item: Any) -> int:
    """About how much memory a row takes."""
    size = getsizeof(item)
    if isinstance(item, tuple | list | set):
        for part in item:
            if part is not None and type(part) is not bool:
                size += size_of(part) if isinstance(part, tuple | list | set) else getsizeof(part)
    return size


class SpillFile:
    """A temporary file of blocks; it goes when it is garbage."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="gaveldb")  # noqa: SIM115

    def __del__(self) -> None:
        self._file.close()

    def write(self, rows: list[Any]) -> tuple[int, int]:
        """Append a block; returns what `read` wants."""
        try:
            data = b"m" + marshal.dumps(rows)
        except ValueError:
            data = b"p" + pickle.dumps(rows, 5)
        place = self._file.seek(0, 2)
        self._file.write(data)
        return place, len(data)

    def read(self, block: tuple[int, int]) -> list[Any]:
        """The rows of a block."""
        self._file.seek(block[0])
        data = self._file.read(block[1])
        rest = memoryview(data)[1:]
        return marshal.loads(rest) if data[:1] == b"m" else pickle.loads(rest)


class GroupSpill:
    """Groups (key -> state list) that are put into files, in partitions by the hash of the key, and
    later combined partition by partition."""

    __slots__ = ("_blocks", "_budget", "_file", "_most", "limit")

    def __init__(self, ctx: Any) -> None:
        self._budget = budget(ctx) * 2  # hash_mem_multiplier
        self._file: SpillFile | None = None
        self._blocks: list[list[tuple[int, int]]] = [[] for _ in range(PARTITIONS)]
        self._most = 0
        self.limit = SAMPLE  # the number of groups at which `full` is to be called

    def full(self, groups: dict[Any, list[Any]]) -> Iterator[None]:
        """There are `limit` groups: see how large they are; if that is too large write and forget them."""
        if not self._most:
            sample = [size_of(key) + size_of(group) for key, group in islice(groups.items(), SAMPLE)]
            self._most = max(SAMPLE, self._budget // max(sum(sample) // len(sample), 64))
        if len(groups) < self._most:
            self.limit = min(self._most, len(groups) * 4)
            if self.limit < self._most:
                self._most = 0  # look again: states may grow
            return
        yield from self._write(groups)

    def _write(self, groups: dict[Any, list[Any]]) -> Iterator[None]:
        if self._file is None:
            self._file = SpillFile()
        parts: list[list[Any]] = [[] for _ in range(PARTITIONS)]
        for number, item in enumerate(groups.items()):
            parts[hash(item[0]) % PARTITIONS].append(item)
            if number % 8192 == 8191:
                yield None
        groups.clear()
        for part, blocks in zip(parts, self._blocks, strict=True):
            for start in range(0, len(part), 4096):
                blocks.append(self._file.write(part[start : start + 4096]))
                yield None
            part.clear()

    def parts(
        self, groups: dict[Any, list[Any]], combine: Callable[[list[Any], list[Any]], None] | None
    ) -> Iterator[list[list[Any]] | None]:
        """All groups in lists; None is a breath."""
        if self._file is None:
            yield list(groups.values())
            return
        assert combine is not None
        yield from self._write(groups)
        for blocks in self._blocks:
            found: dict[Any, list[Any]] = {}
            for block in blocks:
                for key, group in self._file.read(block):
                    known = found.get(key)
                    if known is None:
                        found[key] = group
                    else:
                        combine(known, group)
                yield None
            yield list(found.values())
            bury(found)
