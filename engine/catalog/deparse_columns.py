"""Names of columns for deparsed queries (the deparse_columns part of PostgreSQL's ruleutils.c).

Columns may have been renamed, added or dropped since a view was made. So that the text means the same
again, every range table entry gets column names that are unique in it, USING columns the same name on both
sides, and the alias list that makes this so is printed.

The steps per query level: names of USING columns, top down; then those of all other columns.
"""

from typing import Any

from .. import tree as t


class Columns:
    """The column names of one range table entry."""

    __slots__ = (
        "left", "left_attnums", "names", "new", "new_names", "parent_using", "print_aliases", "right",
        "right_attnums", "using_names",
    )  # fmt: skip

    def __init__(self) -> None:
        self.names: list[str | None] = []  # by attnum; None for a dropped column, or one not named yet
        self.new_names: list[str] = []  # of the columns as they are now
        self.new: list[bool] = []  # which of them were added since the query was analysed
        self.print_aliases = False
        self.parent_using: list[str] = []  # names that joins above use for their USING columns
        self.using_names: list[str] = []
        self.left = self.right = 0  # a join's arms
        self.left_attnums: list[int] = []
        self.right_attnums: list[int] = []

    def reserve(self, count: int) -> None:
        """At least so many entries in names."""
        self.names.extend([None] * (count - len(self.names)))

    def put(self, attnum: int, name: str) -> None:
        """The name of a column, unless it is a system column."""
        if attnum > 0:
            self.reserve(attnum)
            self.names[attnum - 1] = name


class ColumnNamer:
    """Chooses the column names of one query level."""

    def __init__(self, catalog: Any, rtable: Any) -> None:
        self.catalog = catalog
        self.rtable = rtable
        self.columns = [Columns() for _ in rtable]
        self.unique_using = False
        self.using_names: list[str] = []

    def run(self, jointree: Any) -> list[Columns]:
        """The names; `jointree` is None for a bare list of relations."""
        if jointree is not None:
            self.unique_using = self._dangerous_using(jointree)
            self._using(jointree, [])
        for rte, columns in zip(self.rtable, self.columns, strict=True):
            if rte.rtekind != "join":
                self._relation(rte, columns)
            elif columns.left:
                self._join(rte, columns)
            else:
                columns.names = list(rte.eref_colnames)
                columns.new_names = [name for name in columns.names if name]
                columns.new = [False] * len(columns.new_names)
        return self.columns

    # --- uniqueness -------------------------------------------------------------------------------

    def _unique(self, name: str, columns: Columns) -> str:
        def taken(one: str) -> bool:
            return (
                one in columns.names
                or one in columns.new_names
                or one in self.using_names
                or one in columns.parent_using
            )

        if not taken(name):
            return name
        n = 1
        while True:
            suffix = f"_{n}"
            cut = name.encode()[: 63 - len(suffix)].decode("utf-8", "ignore")
            if not taken(cut + suffix):
                return cut + suffix
            n += 1

    # --- USING ------------------------------------------------------------------------------------

    def _dangerous_using(self, item: Any) -> bool:
        """Whether an unnamed join merges columns by more than one of them (coercions, COALESCE)."""
        if isinstance(item, t.FromExpr):
            return any(self._dangerous_using(one) for one in item.fromlist)
        if not isinstance(item, t.JoinExpr):
            return False
        rte = self.rtable[item.rtindex - 1]
        if item.usingClause and not rte.alias:
            merged = rte.joinaliasvars[: rte.joinmergedcols]
            if any(not isinstance(one, t.Var) for one in merged):
                return True
        return self._dangerous_using(item.larg) or self._dangerous_using(item.rarg)

    def _using(self, item: Any, parent_using: list[str]) -> None:
        if isinstance(item, t.FromExpr):
            for one in item.fromlist:
                self._using(one, parent_using)
        if not isinstance(item, t.JoinExpr):
            return
        rte, columns = self.rtable[item.rtindex - 1], self.columns[item.rtindex - 1]
        _identify(item, rte, columns)
        left, right = self.columns[columns.left - 1], self.columns[columns.right - 1]

        def push_down(number: int, name: str) -> None:
            left.put(columns.left_attnums[number], name)
            right.put(columns.right_attnums[number], name)

        if not rte.alias:
            # an unnamed join cannot rename: what is asked of it is asked of its arms
            for number, known in enumerate(columns.names):
                if known is not None:
                    push_down(number, known)
        if item.usingClause:
            parent_using = list(parent_using)
            columns.reserve(len(item.usingClause))
            for number, written in enumerate(item.usingClause):
                name = columns.names[number]
                if name is None:
                    aliases = rte.alias_colnames if rte.alias else ()
                    name = self._unique(aliases[number] if number < len(aliases) else written, columns)
                    if self.unique_using:
                        self.using_names.append(name)
                    columns.names[number] = name
                columns.using_names.append(name)
                parent_using.append(name)
                push_down(number, name)
        left.parent_using = right.parent_using = parent_using
        self._using(item.larg, parent_using)
        self._using(item.rarg, parent_using)

    # --- tables -----------------------------------------------------------------------------------

    def _relation(self, rte: Any, columns: Columns) -> None:
        is_relation = bool(rte.relid) and rte.rtekind in ("relation", "subquery")
        if is_relation:
            real = [
                None if a.attisdropped else a.attname
                for a in self.catalog.pg_attribute.find("attrelid", rte.relid)
                if a.attnum > 0
            ]
        else:
            real = [name or None for name in rte.eref_colnames]
        columns.reserve(len(real))
        known = len(rte.eref_colnames)
        changed = False
        for number, real_name in enumerate(real):
            name = columns.names[number]
            if real_name is None:
                columns.names[number] = None
                continue
            if name is None:
                wanted = rte.alias_colnames[number] if number < len(rte.alias_colnames) else ""
                name = self._unique(wanted or real_name, columns)
                columns.names[number] = name
            columns.new_names.append(name)
            columns.new.append(number >= known)
            changed = changed or name != real_name
        if is_relation:
            columns.print_aliases = changed
        else:
            columns.print_aliases = rte.rtekind == "function" or bool(rte.alias_colnames) or changed

    # --- joins ------------------------------------------------------------------------------------

    def _join(self, rte: Any, columns: Columns) -> None:
        left, right = self.columns[columns.left - 1], self.columns[columns.right - 1]
        known = len(rte.eref_colnames)
        columns.reserve(known)
        changed = False
        for number in range(len(columns.using_names), known):
            left_attnum, right_attnum = columns.left_attnums[number], columns.right_attnums[number]
            if left_attnum > 0:
                real = left.names[left_attnum - 1]
            elif right_attnum > 0:
                real = right.names[right_attnum - 1]
            else:
                real = rte.eref_colnames[number]
            if real is None or not rte.alias:
                columns.names[number] = real
                continue
            name = columns.names[number]
            if name is None:
                wanted = rte.alias_colnames[number] if number < len(rte.alias_colnames) else ""
                name = columns.names[number] = self._unique(wanted or real, columns)
            changed = changed or name != real
        changed = self._as_parsed_now(rte, columns, left, right) or changed
        columns.print_aliases = bool(rte.alias) and changed

    def _as_parsed_now(self, rte: Any, columns: Columns, left: Columns, right: Columns) -> bool:
        """new_names: merged columns, then the left arm's, then the right's; whether one is renamed."""
        changed = False
        number = 0
        merged: tuple[set[int], set[int]] = (set(), set())
        for name, left_attnum, right_attnum in zip(
            columns.names, columns.left_attnums, columns.right_attnums, strict=False
        ):
            if not left_attnum or not right_attnum:
                break
            columns.new_names.append(name or "")
            columns.new.append(False)
            merged[0].add(left_attnum)
            merged[1].add(right_attnum)
            number += 1
        for child, done in ((left, merged[0]), (right, merged[1])):
            attnum = 0
            for child_name, is_new in zip(child.new_names, child.new, strict=True):
                if not is_new:
                    while attnum < len(child.names) and child.names[attnum] is None:
                        attnum += 1
                    attnum += 1
                    if attnum in done:
                        continue
                    while number < len(columns.names) and columns.names[number] is None:
                        number += 1
                    columns.new_names.append(columns.names[number] or "")
                    number += 1
                elif rte.alias:
                    name = self._unique(child_name, columns)
                    changed = changed or name != child_name
                    columns.new_names.append(name)
                else:
                    columns.new_names.append(child_name)
                columns.new.append(is_new)
        return changed


def _identify(join: t.JoinExpr, rte: Any, columns: Columns) -> None:
    """The arms of a join, and which of their columns each of its own is (identify_join_columns)."""
    columns.left, columns.right = join.larg.rtindex, join.rarg.rtindex
    count = len(rte.joinaliasvars)
    columns.left_attnums = [*rte.joinleftcols, *[0] * (count - len(rte.joinleftcols))]
    columns.right_attnums = [0] * count
    position = len(rte.joinleftcols)
    for number, attnum in enumerate(rte.joinrightcols):
        if number < rte.joinmergedcols:
            columns.right_attnums[number] = attnum
        else:
            columns.right_attnums[position] = attnum
            position += 1
