"""ANALYZE of one table: a sample of its rows becomes rows of pg_statistic.

The whole table is read once, which counts it, and a reservoir keeps a uniform sample (Li 1994, algorithm
L). The statistics of a column are PostgreSQL's (commands/analyze.c): NULL fraction, width, number of
distinct values after Haas and Stokes, most common values, histogram and correlation.
"""

import math
from collections.abc import Generator, Sequence
from itertools import islice
from random import Random
from struct import Struct
from typing import Any, NamedTuple

import msgspec
from gaveldb.storage.api import row_span

from ..catalog.inheritance import has_children, scanned_children
from ..lsyscache import lookup_type_cache
from ..run.childtargets import child_target
from ..types.compare import sort_key
from ..types.storage import unpack_value
from ..values import make_array

ROWS_PER_TARGET = 300
CHUNK_ROWS = 2000
WIDE_BYTES = 1024  # values wider than this are not kept
SLOTS = 5
_FLOAT4 = Struct(">f")
_DECODE = msgspec.msgpack.decode
MCV, HISTOGRAM, CORRELATION = 1, 2, 3


class Slot(NamedTuple):
    """One kind of statistics of a column."""

    kind: int
    operator: int
    numbers: Sequence[float] | None
    values: Sequence[Any] | None


class ColumnSample(NamedTuple):
    """What the sample says of a column."""

    null_fraction: float
    width: int
    distinct: float
    slots: list[Slot]


def sample_rows(ctx: Any, relation: Any, size: int) -> Generator[Any, None, Any]:
    """Read the table; returns (number of rows, bytes, a sample of at most `size` stored rows in the
    table's order)."""
    low, high = row_span(relation.storage_id)
    source = ctx.transaction.scan(low, high)
    random = Random(relation.oid)
    kept: list[tuple[int, Any]] = []
    count = volume = 0
    weight = math.exp(math.log(random.random()) / size)
    following = size - 1
    while True:
        chunk = [bytes(value) for _, value in islice(source, CHUNK_ROWS)]
        if not chunk:
            break
        volume += sum(map(len, chunk))
        start, count = count, count + len(chunk)
        if start < size:
            kept += [(start + place, value) for place, value in enumerate(chunk[: size - start])]
            if count < size:
                yield []
                continue
        if following < size:
            following = size - 1 + _skip(random, weight)
        while following < count:
            kept[random.randrange(size)] = (following, chunk[following - start])
            weight *= math.exp(math.log(random.random()) / size)
            following += _skip(random, weight)
        yield []
    kept.sort(key=lambda item: item[0])
    return count, volume, [_DECODE(value) for _, value in kept]


def _skip(random: Random, weight: float) -> int:
    return int(math.log(random.random()) / math.log1p(-weight)) + 1 if weight < 1.0 else 1


def column_sample(catalog: Any, column: Any, rows: list[Any], total: float, target: int) -> ColumnSample:
    """The statistics of one column of the sample."""
    place = column.attnum - 1
    stored = [
        row[place] if place < len(row) else column.missing if column.has_missing else None for row in rows
    ]
    values = [unpack_value(catalog, column.typid, value) for value in stored if value is not None]
    sampled = len(rows)
    nulls = (sampled - len(values)) / sampled
    typlen = catalog.pg_type.get(column.typid).typlen
    if not values:
        return ColumnSample(nulls, max(typlen, 0), 0.0, [])
    width = typlen if typlen > 0 else round(sum(_width(value) for value in values) / len(values))
    operators = lookup_type_cache(catalog, column.typid)
    if not operators.lt_opr:
        return ColumnSample(nulls, width, 0.0, [])
    narrow = values
    if typlen < 0:
        narrow = [value for value in values if _width(value) <= WIDE_BYTES]
    wide = len(values) - len(narrow)
    if not narrow:
        return ColumnSample(nulls, width, -1.0 * (1.0 - nulls), [])
    groups, correlation = _groups(catalog, column.typid, narrow)
    repeated = sum(1 for _, number, _ in groups if number > 1)
    distinct = _distinct(len(values), len(groups) + wide, repeated, wide, nulls, sampled, total)
    slots = _slots(groups, operators, distinct, nulls, sampled, total, target, wide)
    if len(narrow) > 1:
        slots.append(Slot(CORRELATION, operators.lt_opr, [correlation], None))
    return ColumnSample(nulls, width, distinct, slots)


def _width(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode()) + 1
    if isinstance(value, bytes):
        return len(value) + 1
    if isinstance(value, bool | int | float):
        return 8
    return len(repr(value))


def _groups(catalog: Any, typid: int, values: list[Any]) -> tuple[list[tuple[Any, int, int]], float]:
    """[(value, how often, its first place)] in order, and the correlation of order and place."""
    key = sort_key(catalog, typid)
    keys = values if key is None else [key(value) for value in values]
    order = sorted(range(len(values)), key=keys.__getitem__)
    groups: list[tuple[Any, int, int]] = []
    previous: Any = None
    start = 0
    products = 0.0
    for rank, place in enumerate(order):
        products += rank * place
        current = keys[place]
        if rank and current != previous:
            groups.append((values[order[start]], rank - start, start))
            start = rank
        previous = current
    groups.append((values[order[start]], len(order) - start, start))
    size = float(len(values))
    ranks = size * (size - 1) / 2
    squares = size * (size - 1) * (2 * size - 1) / 6
    spread = size * squares - ranks * ranks
    return groups, (size * products - ranks * ranks) / spread if spread else 1.0


def _distinct(
    present: int, different: int, repeated: int, wide: int, nulls: float, sampled: int, total: float
) -> float:
    """stadistinct: a number, or minus a fraction of the rows."""
    if repeated == 0:
        return -1.0 * (1.0 - nulls)
    if wide == 0 and repeated == different:
        return float(different)
    once = different - repeated
    rows = total * (1.0 - nulls)
    estimate = float(different)
    if rows > 0:
        estimate = present * different / ((present - once) + once * present / rows)
    estimate = min(max(estimate, different), rows)
    estimate = math.floor(estimate + 0.5)
    return -(estimate / total) if estimate > 0.1 * total else estimate


def _slots(
    groups: list[tuple[Any, int, int]],
    operators: Any,
    distinct: float,
    nulls: float,
    sampled: int,
    total: float,
    target: int,
    wide: int,
) -> list[Slot]:
    """Most common values and histogram."""
    slots: list[Slot] = []
    if wide == 0 and distinct > 0 and len(groups) <= target:
        common = sorted(groups, key=lambda group: -group[1])
    else:
        common = sorted((group for group in groups if group[1] > 1), key=lambda group: -group[1])[:target]
        counts = [number for _, number, _ in common]
        common = common[: _common_count(counts, distinct, nulls, sampled, total)]
    if common:
        frequencies = [number / sampled for _, number, _ in common]
        slots.append(Slot(MCV, operators.eq_opr, frequencies, [value for value, _, _ in common]))
    chosen = {first for _, _, first in common}
    rest = [group for group in groups if group[2] not in chosen]
    if len(rest) >= 2:
        flat: list[Any] = []
        for value, number, _ in rest:
            flat += [value] * number
        bounds = min(len(rest), target + 1)
        values = [flat[(len(flat) - 1) * place // (bounds - 1)] for place in range(bounds)]
        slots.append(Slot(HISTOGRAM, operators.lt_opr, None, values))
    return slots


def _common_count(counts: list[int], distinct: float, nulls: float, sampled: int, total: float) -> int:
    """How many of the candidates are significantly more common than the average of the others."""
    number = len(counts)
    if sampled >= total or total <= 1.0:
        return number
    different = -distinct * total if distinct < 0 else distinct
    above = float(sum(counts[:-1]))
    while number > 0:
        fraction = min(max(1.0 - above / sampled - nulls, 0.0), 1.0)
        others = different - (number - 1)
        if others > 1:
            fraction /= others
        estimated = total * counts[number - 1] / sampled
        variance = (
            sampled * estimated * (total - estimated) * (total - sampled) / (total * total * (total - 1))
        )
        if counts[number - 1] > fraction * sampled + 2 * math.sqrt(max(variance, 0.0)) + 0.5:
            break
        number -= 1
        if number:
            above -= counts[number - 1]
    return number


def _single(value: float) -> float:
    """Rounded to float4, as the columns are."""
    return float(_FLOAT4.unpack(_FLOAT4.pack(value))[0])


def statistic_row(
    catalog: Any, relid: int, column: Any, sample: ColumnSample, inherited: bool = False
) -> Any:
    """The pg_statistic row."""
    values: dict[str, Any] = {
        "starelid": relid,
        "staattnum": column.attnum,
        "stainherit": inherited,
        "stanullfrac": _single(sample.null_fraction),
        "stawidth": sample.width,
        "stadistinct": _single(sample.distinct),
    }
    for number in range(1, SLOTS + 1):
        slot = sample.slots[number - 1] if number <= len(sample.slots) else None
        values[f"stakind{number}"] = slot.kind if slot else 0
        values[f"staop{number}"] = slot.operator if slot else 0
        values[f"stacoll{number}"] = column.collation if slot else 0
        numbers = slot.numbers if slot else None
        values[f"stanumbers{number}"] = (
            None if numbers is None else make_array(700, [_single(x) for x in numbers])
        )
        kept = slot.values if slot else None
        values[f"stavalues{number}"] = None if kept is None else make_array(column.typid, list(kept))
    return catalog.table("pg_statistic").row_type(**values)


def analyze_relation(
    ctx: Any, relation: Any, columns: Sequence[Any], verbose: Any
) -> Generator[Any, None, Any]:
    """Sample the table and store what it says of these columns; all live ones if the list is that. Of a table
    with children also what all of them say together."""
    if relation.kind != "p":
        yield from _analyze(ctx, relation, columns, verbose, False)
    if has_children(ctx.catalog, relation):
        yield from _analyze(ctx, relation, columns, verbose, True)


def sample_children(ctx: Any, relation: Any, size: int) -> Generator[Any, None, Any]:
    """As sample_rows, of the relation with its children: rows in the relation's layout."""
    total = volume = 0
    samples = []
    for oid in scanned_children(ctx.catalog, relation):
        target = child_target(ctx.catalog, relation.oid, oid)
        count, used, rows = yield from sample_rows(ctx, target.relation, size)
        total, volume = total + count, volume + used
        samples.append((count, [target.to_root(target.extend(row)) for row in rows]))
    picked: list[Any] = []
    random = Random(relation.oid)
    for count, rows in samples:
        wanted = min(len(rows), math.ceil(size * count / total)) if total > size else len(rows)
        picked += rows if wanted == len(rows) else random.sample(rows, wanted)
    return total, volume, picked


def _analyze(
    ctx: Any, relation: Any, columns: Sequence[Any], verbose: Any, inherited: bool
) -> Generator[Any, None, Any]:
    catalog = ctx.catalog
    transaction = ctx.transaction
    default = int(ctx.settings.get("default_statistics_target"))
    targets = {}
    for column in columns:
        wanted = catalog.pg_attribute.get(relation.oid, column.attnum).attstattarget
        targets[column.attnum] = default if wanted is None or wanted < 0 else wanted
    size = ROWS_PER_TARGET * max([*targets.values(), 1])
    sampler = sample_children if inherited else sample_rows
    count, volume, rows = yield from sampler(ctx, relation, size)
    verbose(count, len(rows))
    for column in columns:
        target = targets[column.attnum]
        if not rows or not target or column.generated == "v":
            continue
        sample = column_sample(catalog, column, rows, float(count), target)
        new = statistic_row(catalog, relation.oid, column, sample, inherited)
        old = transaction.catalog.pg_statistic.get(relation.oid, column.attnum, inherited)
        if old is None:
            temporary = relation.persistence == "t"
            transaction.catalog_insert("pg_statistic", new, temporary=temporary)
        elif old != new:
            transaction.catalog_update("pg_statistic", old, new)
        yield []
    if inherited:
        if relation.kind == "p":
            set_row_count(ctx, relation.oid, count, -1)
        return
    set_row_count(ctx, relation.oid, count, max(1, -(-volume // 8192)) if count else 0)
    for index in relation.indexes:
        if index.predicate is None:
            set_row_count(ctx, index.oid, count, max(1, count // 300))


def set_row_count(ctx: Any, oid: int, count: int, pages: int) -> None:
    """pg_class.reltuples and relpages; not written if they have hardly changed, since transactions
    that use the table would conflict."""
    row = ctx.transaction.catalog.pg_class.get(oid)
    if row.reltuples >= 0 and abs(row.reltuples - count) <= 0.01 * count:
        return
    ctx.transaction.catalog_update("pg_class", row, row._replace(reltuples=float(count), relpages=pages))
