"""Which anomalies a history of list appends has, after Adya, in the way of Elle.

A list that was read tells the order of the appends before it, so it tells who came after whom:

    ww   the next append to the same list
    wr   a read of a list that ends with one's append
    rw   the append that comes next behind what one has read

A cycle of ww is G0; with wr it is G1c; with one rw, or with no two rw in a row, it is forbidden to
snapshots (G-single, lost update); with more it is a write skew, forbidden to serializable ones.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from .history import COMMITTED, Entry

Graph = dict[int, set[int]]


def check_lists(
    entries: Sequence[Entry], final: dict[int, list[int]], happened: set[int], *, snapshots: bool = True
) -> list[str]:
    """What is wrong with transactions whose actions are ("read", list, content) or
    ("append", list, element). `final`: the lists as they are in the end; `happened`: who committed.
    `snapshots`: whether a transaction has one for all of its statements."""
    wrong: list[str] = []
    writer: dict[int, Entry] = {}
    for entry in entries:
        for action in entry.actions:
            if action[0] == "append":
                writer[action[2]] = entry
    for content in final.values():
        wrong += _judge_final(content, writer, happened)
    if wrong:
        return wrong
    there = {element for content in final.values() for element in content}
    for element, entry in writer.items():
        if entry.number in happened and element not in there:
            wrong.append(f"element {element} of transaction {entry.number} is lost")
    for entry in entries:
        if entry.was_told(happened):
            wrong += _judge_reads(entry, final, writer)
    if wrong:
        return wrong
    return _judge_order([e for e in entries if _counts(e, happened)], final, writer, snapshots)


def _counts(entry: Entry, happened: set[int]) -> bool:
    return entry.number in happened or (entry.outcome == COMMITTED and not entry.writes)


def _judge_final(content: list[int], writer: dict[int, Entry], happened: set[int]) -> list[str]:
    wrong = []
    if len(set(content)) < len(content):
        wrong.append(f"an element is twice in {content}")
    for element in content:
        if element not in writer or writer[element].number not in happened:
            wrong.append(f"G1a: element {element} is there, but nobody committed it")
    return wrong


def _judge_reads(entry: Entry, final: dict[int, list[int]], writer: dict[int, Entry]) -> list[str]:
    wrong = []
    own: dict[int, list[int]] = {}
    for kind, item, what in entry.actions:
        if kind == "append":
            own.setdefault(item, []).append(what)
            continue
        mine = own.get(item, [])
        others = what[: len(what) - len(mine)]
        if what[len(others) :] != mine:
            wrong.append(f"transaction {entry.number} does not see its own appends {mine} in {what}")
        elif others != final[item][: len(others)]:
            wrong.append(
                f"transaction {entry.number} read {others} of {final[item]}: an order that never was"
            )
        elif others:
            last = writer[others[-1]]
            appended = [e for k, i, e in last.actions if k == "append" and i == item]
            if appended[-1] != others[-1]:
                wrong.append(f"G1b: transaction {entry.number} saw a part of {last.number}")
    return wrong


def _judge_order(
    entries: Sequence[Entry], final: dict[int, list[int]], writer: dict[int, Entry], snapshots: bool
) -> list[str]:
    ww: Graph = {}
    wr: Graph = {}
    rw: Graph = {}
    for content in final.values():
        writers = [writer[element].number for element in content]
        for before, after in itertools.pairwise(writers):
            _add(ww, before, after)
    for entry in entries:
        first = {}  # what was read of others: before an own append, or below it
        own: dict[int, int] = {}
        for kind, item, what in entry.actions:
            if kind == "append":
                own[item] = own.get(item, 0) + 1
            else:
                first.setdefault(item, len(what) - own.get(item, 0))
        for item, length in first.items():
            content = final[item]
            if length:
                _add(wr, writer[content[length - 1]].number, entry.number)
            following = next((writer[e].number for e in content[length:] if writer[e] is not entry), None)
            if following is not None:
                _add(rw, entry.number, following)
    committed = union(ww, wr)
    wrong = []
    graphs = [("G0", ww), ("G1c", committed)]
    if snapshots:
        graphs.append(("G-single", union(committed, compose(committed, rw))))
    for name, graph in graphs:
        cycle = find_cycle(graph)
        if cycle:
            return [f"{name}: {cycle}"]
    serializable = {e.number for e in entries if e.serializable}
    if len(serializable) == len(entries):
        cycle = find_cycle(union(committed, rw))
        if cycle:
            wrong.append(f"write skew (G2): {cycle}")
    return wrong + _stale(entries, final, writer)


def _stale(entries: Sequence[Entry], final: dict[int, list[int]], writer: dict[int, Entry]) -> list[str]:
    """Whoever begins after a commit was acknowledged sees it."""
    wrong = []
    ends: dict[int, list[tuple[int, float]]] = {}
    for item, content in final.items():
        acknowledged = [(i, writer[e].ended) for i, e in enumerate(content) if writer[e].outcome == COMMITTED]
        ends[item] = acknowledged
    for entry in entries:
        for kind, item, what in entry.actions:
            if kind == "read":
                for position, ended in ends[item]:
                    if position >= len(what) and ended < entry.begun:
                        wrong.append(
                            f"transaction {entry.number} read {what} when {final[item][position]} was there"
                        )
                        break
    return wrong


# --- graphs -------------------------------------------------------------------------------------


def _add(graph: Graph, before: int, after: int) -> None:
    if before != after:
        graph.setdefault(before, set()).add(after)


def union(*graphs: Graph) -> Graph:
    result: Graph = {}
    for graph in graphs:
        for before, after in graph.items():
            result.setdefault(before, set()).update(after)
    return result


def compose(first: Graph, second: Graph) -> Graph:
    """u -> w where u -> v in the first and v -> w in the second; also u -> u."""
    result: Graph = {}
    for before, middles in first.items():
        for middle in middles:
            for after in second.get(middle, ()):
                result.setdefault(before, set()).add(after)
    return result


def find_cycle(graph: Graph) -> list[int]:
    """Some cycle, or nothing."""
    done: set[int] = set()
    for start in sorted(graph):
        if start in done:
            continue
        path: list[int] = []
        on_path: set[int] = set()
        stack: list[tuple[int, Iterable[Any]]] = [(start, iter(sorted(graph.get(start, ()))))]
        path.append(start)
        on_path.add(start)
        while stack:
            node, following = stack[-1]
            for after in following:
                if after in on_path:
                    return [*path[path.index(after) :], after]
                if after not in done:
                    stack.append((after, iter(sorted(graph.get(after, ())))))
                    path.append(after)
                    on_path.add(after)
                    break
            else:
                stack.pop()
                path.pop()
                on_path.discard(node)
                done.add(node)
    return []
