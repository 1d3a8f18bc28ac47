"""Small questions about types, operators and operator classes (PostgreSQL's lsyscache.c, typcache.c).

All take the catalog first. Answers that need a search are kept in catalog.cache, which lives as
long as that version of the catalog.
"""

from typing import Any, NamedTuple

from .errors import SqlError
from .sqlstates import UNDEFINED_OBJECT

BTREE_AM_OID = 403
HASH_AM_OID = 405
ARRAY_SUBSCRIPT_HANDLER = 6179
ANYARRAYOID = 2277
ANYRANGEOID = 3831
UNKNOWNOID = 705
RECORDOID = 2249


def type_row(catalog: Any, typid: int) -> Any:
    """The pg_type row; an internal error if there is none."""
    row = catalog.pg_type.get(typid)
    if row is None:
        raise SqlError(UNDEFINED_OBJECT, f"type with OID {typid} does not exist")
    return row


def get_typcollation(catalog: Any, typid: int) -> int:
    """The default collation of a type, 0 if it is not collatable."""
    row = catalog.pg_type.get(typid)
    return 0 if row is None else int(row.typcollation)


def type_is_collatable(catalog: Any, typid: int) -> bool:
    """Whether COLLATE may be applied to the type."""
    return get_typcollation(catalog, typid) != 0


def get_type_category_preferred(catalog: Any, typid: int) -> tuple[str, bool]:
    """typcategory and typispreferred."""
    row = type_row(catalog, typid)
    return row.typcategory, row.typispreferred


def type_category(catalog: Any, typid: int) -> str:
    """The type's typcategory (TypeCategory)."""
    return str(type_row(catalog, typid).typcategory)


def type_is_rowtype(catalog: Any, typid: int) -> bool:
    """Whether values of the type are rows: record, composite, or a domain over composite."""
    if typid == RECORDOID:
        return True
    row = catalog.pg_type.get(typid)
    if row is None:
        return False
    if row.typtype == "d":
        row = catalog.pg_type.get(catalog.base_type(typid))
    return bool(row.typtype == "c")


def type_is_enum(catalog: Any, typid: int) -> bool:
    """Whether it is an enum type."""
    row = catalog.pg_type.get(typid)
    return row is not None and row.typtype == "e"


def type_is_array(catalog: Any, typid: int) -> bool:
    """Whether it is a true array type."""
    return bool(catalog.element_type(typid))


def type_is_array_domain(catalog: Any, typid: int) -> bool:
    """Whether it is a true array type or a domain over one."""
    return get_base_element_type(catalog, typid) != 0


def get_base_element_type(catalog: Any, typid: int) -> int:
    """The element type of an array or a domain over one, else 0."""
    return int(catalog.element_type(catalog.base_type(typid)))


def type_is_complex(catalog: Any, typid: int) -> bool:
    """Whether it is a composite type or a domain over one (ISCOMPLEX)."""
    return type_or_domain_type_relid(catalog, typid) != 0


def type_or_domain_type_relid(catalog: Any, typid: int) -> int:
    """The relation of a composite type or of the one below a domain, else 0."""
    row = catalog.pg_type.get(typid)
    if row is None:
        return 0
    if row.typtype == "d":
        row = catalog.pg_type.get(catalog.base_type(typid))
    return int(row.typrelid)


def get_range_subtype(catalog: Any, typid: int) -> int:
    """The element type of a range type, else 0."""
    row = catalog.pg_range.get(typid)
    return 0 if row is None else int(row.rngsubtype)


def get_range_multirange(catalog: Any, typid: int) -> int:
    """The multirange type over a range type, else 0."""
    row = catalog.pg_range.get(typid)
    return 0 if row is None else int(row.rngmultitypid)


def get_multirange_range(catalog: Any, typid: int) -> int:
    """The range type below a multirange type, else 0."""
    cache = catalog.cache
    table = cache.get("multirange_ranges")
    if table is None:
        table = cache["multirange_ranges"] = {
            row.rngmultitypid: row.rngtypid for row in catalog.pg_range.rows()
        }
    return int(table.get(typid, 0))


def type_is_range(catalog: Any, typid: int) -> bool:
    """Whether it is a range type."""
    return catalog.pg_range.get(typid) is not None


def type_is_multirange(catalog: Any, typid: int) -> bool:
    """Whether it is a multirange type."""
    row = catalog.pg_type.get(typid)
    return row is not None and row.typtype == "m"


# --- operator classes and families --------------------------------------------------------------------


class FamilyMember(NamedTuple):
    """What pg_amop says of one operator in one family."""

    opfamily: int
    amop_lefttype: int
    amop_righttype: int
    strategy: int
    method: int
    purpose: str


def _families(catalog: Any) -> tuple[dict[int, list[FamilyMember]], dict[tuple[int, int, int, int], int]]:
    """pg_amop both ways: operator -> memberships; (family, left, right, strategy) -> operator."""
    tables = catalog.cache.get("amop_tables")
    if tables is None:
        by_operator: dict[int, list[FamilyMember]] = {}
        by_strategy: dict[tuple[int, int, int, int], int] = {}
        for row in catalog.pg_amop.rows():
            by_operator.setdefault(row.amopopr, []).append(
                FamilyMember(
                    row.amopfamily,
                    row.amoplefttype,
                    row.amoprighttype,
                    row.amopstrategy,
                    row.amopmethod,
                    row.amoppurpose,
                )
            )
            by_strategy[row.amopfamily, row.amoplefttype, row.amoprighttype, row.amopstrategy] = row.amopopr
        tables = catalog.cache["amop_tables"] = (by_operator, by_strategy)
    return tables


def operator_families(catalog: Any, opno: int) -> list[FamilyMember]:
    """The families that an operator is a member of."""
    return _families(catalog)[0].get(opno, [])


def get_opfamily_member(catalog: Any, opfamily: int, lefttype: int, righttype: int, strategy: int) -> int:
    """The operator of this strategy in the family, 0 if there is none."""
    return _families(catalog)[1].get((opfamily, lefttype, righttype, strategy), 0)


def get_opfamily_proc(catalog: Any, opfamily: int, lefttype: int, righttype: int, procnum: int) -> int:
    """The support function of this number in the family, 0 if there is none."""
    table = catalog.cache.get("amproc_table")
    if table is None:
        table = catalog.cache["amproc_table"] = {
            (row.amprocfamily, row.amproclefttype, row.amprocrighttype, row.amprocnum): row.amproc
            for row in catalog.pg_amproc.rows()
        }
    return int(table.get((opfamily, lefttype, righttype, procnum), 0))


def get_default_opclass(catalog: Any, typid: int, am: int) -> Any | None:
    """The pg_opclass row to use for a type by default (GetDefaultOpClass), None if there is none."""
    from .bind.coercion import is_binary_coercible

    typid = catalog.base_type(typid)
    cache = catalog.cache
    key = ("default_opclass", typid, am)
    if key in cache:
        return cache[key]
    table = cache.get("default_opclasses")
    if table is None:
        table = {}
        cache["default_opclasses"] = table
        for row in catalog.pg_opclass.rows():
            if row.opcdefault:
                table.setdefault(row.opcmethod, []).append(row)
    category = type_category(catalog, typid)
    exact = []
    preferred = []
    compatible = []
    for row in table.get(am, ()):
        if row.opcintype == typid:
            exact.append(row)
        elif not exact and is_binary_coercible(catalog, typid, row.opcintype):
            target_category, is_preferred = get_type_category_preferred(catalog, row.opcintype)
            if is_preferred and target_category == category:
                preferred.append(row)
            else:
                compatible.append(row)
    found = exact or preferred or compatible
    result = found[0] if len(found) == 1 else None
    cache[key] = result
    return result


class TypeOperators(NamedTuple):
    """The default ways to compare values of a type; 0 where there is none (typcache.c)."""

    eq_opr: int
    lt_opr: int
    gt_opr: int
    cmp_proc: int
    hash_proc: int
    btree_opf: int
    btree_opintype: int
    hash_opf: int
    hash_opintype: int


def lookup_type_cache(catalog: Any, typid: int) -> TypeOperators:
    """The default comparison and hash operators of a type.

    For arrays, records and ranges they exist only if the elements have them.
    """
    cache = catalog.cache
    key = ("type_operators", typid)
    result = cache.get(key)
    if result is None:
        result = cache[key] = _type_operators(catalog, typid)
    return result


def _type_operators(catalog: Any, typid: int) -> TypeOperators:
    btree = get_default_opclass(catalog, typid, BTREE_AM_OID)
    hashed = get_default_opclass(catalog, typid, HASH_AM_OID)
    eq = lt = gt = cmp_proc = hash_proc = 0
    if btree is not None:
        family, intype = btree.opcfamily, btree.opcintype
        eq = get_opfamily_member(catalog, family, intype, intype, 3)
        lt = get_opfamily_member(catalog, family, intype, intype, 1)
        gt = get_opfamily_member(catalog, family, intype, intype, 5)
        cmp_proc = get_opfamily_proc(catalog, family, intype, intype, 1)
    if hashed is not None:
        family, intype = hashed.opcfamily, hashed.opcintype
        if not eq:
            eq = get_opfamily_member(catalog, family, intype, intype, 1)
        hash_proc = get_opfamily_proc(catalog, family, intype, intype, 1)
    can_equal, can_compare, can_hash = _container_properties(catalog, typid, eq, hash_proc)
    return TypeOperators(
        eq if can_equal else 0,
        lt if can_compare else 0,
        gt if can_compare else 0,
        cmp_proc if can_compare else 0,
        hash_proc if can_hash else 0,
        btree.opcfamily if btree is not None else 0,
        btree.opcintype if btree is not None else 0,
        hashed.opcfamily if hashed is not None else 0,
        hashed.opcintype if hashed is not None else 0,
    )


def _container_properties(catalog: Any, typid: int, eq: int, hash_proc: int) -> tuple[bool, bool, bool]:
    """Whether the members of an array, composite or range type can be (equated, ordered, hashed)."""
    base = catalog.base_type(typid)
    members: list[int] = []
    element = catalog.element_type(base)
    if element:
        members = [element]
    elif base == RECORDOID:
        # Whether an anonymous record's columns can be compared shows only at run time.
        return True, True, False
    elif type_is_complex(catalog, base):
        members = [column[1] for column in catalog.row_columns(base)]
    elif type_is_range(catalog, base):
        members = [get_range_subtype(catalog, base)]
    elif type_is_multirange(catalog, base):
        members = [get_multirange_range(catalog, base)]
    operators = [lookup_type_cache(catalog, member) for member in members]
    return (
        all(item.eq_opr for item in operators),
        all(item.cmp_proc for item in operators),
        all(item.hash_proc for item in operators),
    )


class BtreeInterpretation(NamedTuple):
    """A btree family in which an operator means a comparison (OpBtreeInterpretation)."""

    opfamily: int
    strategy: int  # 1 <, 2 <=, 3 =, 4 >=, 5 >, 6 <>
    lefttype: int
    righttype: int


def get_op_btree_interpretation(catalog: Any, opno: int) -> list[BtreeInterpretation]:
    """The btree families that tell what an operator compares; <> through its negator."""
    result = [
        BtreeInterpretation(m.opfamily, m.strategy, m.amop_lefttype, m.amop_righttype)
        for m in operator_families(catalog, opno)
        if m.method == BTREE_AM_OID
    ]
    if not result:
        row = catalog.pg_operator.get(opno)
        if row is not None and row.oprnegate:
            result = [
                BtreeInterpretation(m.opfamily, 6, m.amop_lefttype, m.amop_righttype)
                for m in operator_families(catalog, row.oprnegate)
                if m.method == BTREE_AM_OID and m.strategy == 3
            ]
    return result


def op_mergejoinable(catalog: Any, opno: int) -> bool:
    """Whether the operator is an equality that sorting can serve."""
    return bool(catalog.pg_operator.get(opno).oprcanmerge)


def op_hashjoinable(catalog: Any, opno: int, inputtype: int) -> bool:
    """Whether the operator is an equality that hashing can serve, for this left input type."""
    operators = lookup_type_cache(catalog, inputtype)
    if opno in (1070, 2988):  # array_eq, record_eq: depends on the members
        return bool(operators.hash_proc)
    return bool(catalog.pg_operator.get(opno).oprcanhash)
