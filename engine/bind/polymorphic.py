"""Polymorphic types: which actual types fit declared ones, and what the declared ones become.

The second half of PostgreSQL's parse_coerce.c. Family 1 (anyelement, anyarray, ...) wants equal
types; family 2 (anycompatible...) wants a common type.
"""

from collections.abc import Sequence
from typing import Any

from ..errors import SqlError
from ..lsyscache import (
    get_multirange_range,
    get_range_multirange,
    get_range_subtype,
    get_type_category_preferred,
    type_is_array_domain,
    type_is_enum,
)
from ..sqlstates import DATATYPE_MISMATCH, UNDEFINED_OBJECT

UNKNOWNOID = 705
TEXTOID = 25
TEXTARRAYOID = 1009
ANYOID = 2276
ANYARRAYOID = 2277
ANYELEMENTOID = 2283
ANYNONARRAYOID = 2776
ANYENUMOID = 3500
ANYRANGEOID = 3831
ANYMULTIRANGEOID = 4537
ANYCOMPATIBLEMULTIRANGEOID = 4538
ANYCOMPATIBLEOID = 5077
ANYCOMPATIBLEARRAYOID = 5078
ANYCOMPATIBLENONARRAYOID = 5079
ANYCOMPATIBLERANGEOID = 5080

FAMILY1 = frozenset((ANYELEMENTOID, ANYARRAYOID, ANYNONARRAYOID, ANYENUMOID, ANYRANGEOID, ANYMULTIRANGEOID))
FAMILY2 = frozenset(
    (
        ANYCOMPATIBLEOID,
        ANYCOMPATIBLEARRAYOID,
        ANYCOMPATIBLENONARRAYOID,
        ANYCOMPATIBLERANGEOID,
        ANYCOMPATIBLEMULTIRANGEOID,
    )
)
POLYMORPHIC = FAMILY1 | FAMILY2

_ELEMENT_LIKE = frozenset((ANYELEMENTOID, ANYNONARRAYOID, ANYENUMOID))
_COMPATIBLE_LIKE = frozenset((ANYCOMPATIBLEOID, ANYCOMPATIBLENONARRAYOID))
_ALIKE_NAMES = {
    ANYARRAYOID: "anyarray",
    ANYRANGEOID: "anyrange",
    ANYMULTIRANGEOID: "anymultirange",
    ANYCOMPATIBLERANGEOID: "anycompatiblerange",
    ANYCOMPATIBLEMULTIRANGEOID: "anycompatiblemultirange",
}


def is_polymorphic_type(typid: int) -> bool:
    """Whether it is one of the polymorphic pseudo-types (IsPolymorphicType)."""
    return typid in POLYMORPHIC


# --- common types -----------------------------------------------------------------------------------


def select_common_type_from_oids(catalog: Any, typeids: Sequence[int], noerror: bool) -> int:
    """The common supertype of the types; 0 or an error if their categories differ."""
    from .coercion import COERCION_IMPLICIT, can_coerce_type

    ptype = typeids[0]
    if ptype != UNKNOWNOID and all(typid == ptype for typid in typeids):
        return ptype
    ptype = catalog.base_type(ptype)
    pcategory, ppreferred = get_type_category_preferred(catalog, ptype)
    for typid in typeids[1:]:
        ntype = catalog.base_type(typid)
        if ntype in (UNKNOWNOID, ptype):
            continue
        ncategory, npreferred = get_type_category_preferred(catalog, ntype)
        if ptype == UNKNOWNOID:
            ptype, pcategory, ppreferred = ntype, ncategory, npreferred
        elif ncategory != pcategory:
            if noerror:
                return 0
            raise SqlError(
                DATATYPE_MISMATCH,
                f"argument types {catalog.format_type(ptype)} and {catalog.format_type(ntype)} "
                "cannot be matched",
            )
        elif (
            not ppreferred
            and can_coerce_type(catalog, (ptype,), (ntype,), COERCION_IMPLICIT)
            and not can_coerce_type(catalog, (ntype,), (ptype,), COERCION_IMPLICIT)
        ):
            ptype, pcategory, ppreferred = ntype, ncategory, npreferred
    return TEXTOID if ptype == UNKNOWNOID else ptype


def verify_common_type_from_oids(catalog: Any, common_type: int, typeids: Sequence[int]) -> bool:
    """Whether all the types coerce implicitly to common_type."""
    from .coercion import COERCION_IMPLICIT, can_coerce_type

    return all(can_coerce_type(catalog, (typid,), (common_type,), COERCION_IMPLICIT) for typid in typeids)


# --- check ------------------------------------------------------------------------------------------


def check_generic_type_consistency(
    catalog: Any, actual_arg_types: Sequence[int], declared_arg_types: Sequence[int]
) -> bool:
    """Whether the actual types can be given to polymorphic parameters declared so."""
    found: dict[int, int] = {}  # declared family member -> the one actual (base) type seen
    have = set(declared_arg_types)
    compatible: list[int] = []
    for declared, actual in zip(declared_arg_types, actual_arg_types, strict=False):
        if declared not in POLYMORPHIC or actual == UNKNOWNOID:
            continue
        if declared in _ELEMENT_LIKE:
            if found.setdefault(ANYELEMENTOID, actual) != actual:
                return False
        elif declared in _COMPATIBLE_LIKE:
            compatible.append(actual)
        elif declared == ANYCOMPATIBLEARRAYOID:
            element = catalog.element_type(catalog.base_type(actual))
            if not element:
                return False
            compatible.append(element)
        else:
            actual = catalog.base_type(actual)
            first = declared not in found
            if found.setdefault(declared, actual) != actual:
                return False
            if first and declared == ANYCOMPATIBLERANGEOID:
                subtype = get_range_subtype(catalog, actual)
                if not subtype:
                    return False
                compatible.append(subtype)
            elif (
                first and declared == ANYCOMPATIBLEMULTIRANGEOID and not get_multirange_range(catalog, actual)
            ):
                return False
    return _family1_consistent(catalog, found, have) and _family2_consistent(catalog, found, have, compatible)


def _family1_consistent(catalog: Any, found: dict[int, int], have: set[int]) -> bool:
    element = found.get(ANYELEMENTOID, 0)
    array = found.get(ANYARRAYOID, 0)
    if array and array != ANYARRAYOID:
        array_element = catalog.element_type(array)
        if not array_element or (element and array_element != element):
            return False
        element = array_element
    range_type = found.get(ANYRANGEOID, 0)
    multirange = found.get(ANYMULTIRANGEOID, 0)
    if multirange:
        multirange_range = get_multirange_range(catalog, multirange)
        if not multirange_range or (range_type and multirange_range != range_type):
            return False
        range_type = multirange_range
    if range_type:
        subtype = get_range_subtype(catalog, range_type)
        if not subtype or (element and subtype != element):
            return False
        element = subtype
    if ANYNONARRAYOID in have and element and type_is_array_domain(catalog, element):
        return False
    return not (ANYENUMOID in have and not type_is_enum(catalog, element))


def _family2_consistent(catalog: Any, found: dict[int, int], have: set[int], compatible: list[int]) -> bool:
    range_type = found.get(ANYCOMPATIBLERANGEOID, 0)
    multirange = found.get(ANYCOMPATIBLEMULTIRANGEOID, 0)
    if multirange:
        multirange_range = get_multirange_range(catalog, multirange)
        if range_type and multirange_range != range_type:
            return False
        if not range_type:
            range_type = multirange_range
            subtype = get_range_subtype(catalog, range_type)
            if not subtype:
                return False
            compatible.append(subtype)
    if not compatible:
        return True
    common = select_common_type_from_oids(catalog, compatible, True)
    if not common or not verify_common_type_from_oids(catalog, common, compatible):
        return False
    if ANYCOMPATIBLENONARRAYOID in have and type_is_array_domain(catalog, common):
        return False
    return not (range_type and get_range_subtype(catalog, range_type) != common)


# --- enforce ----------------------------------------------------------------------------------------


def _mismatch(message: str, detail: str | None = None) -> SqlError:
    return SqlError(DATATYPE_MISMATCH, message, detail=detail)


def _versus(catalog: Any, a: int, b: int) -> str:
    return f"{catalog.format_type(a)} versus {catalog.format_type(b)}"


def _undetermined(name: str) -> SqlError:
    return _mismatch(f"could not determine polymorphic type {name} because input has type unknown")


def _require_array_type(catalog: Any, element: int) -> int:
    array = catalog.array_type(element)
    if not array:
        raise SqlError(
            UNDEFINED_OBJECT, f"could not find array type for data type {catalog.format_type(element)}"
        )
    return int(array)


_SLOTS = {
    ANYARRAYOID: "array",
    ANYRANGEOID: "range",
    ANYMULTIRANGEOID: "multirange",
    ANYCOMPATIBLERANGEOID: "c_range",
    ANYCOMPATIBLEMULTIRANGEOID: "c_multirange",
}


class _Resolution:
    """The actual types found for each polymorphic pseudo-type of one call."""

    def __init__(self, catalog: Any, rettype: int, allow_poly: bool) -> None:
        self.catalog = catalog
        self.rettype = rettype
        self.allow_poly = allow_poly
        self.element = self.array = self.range = self.multirange = 0
        self.c_type = self.c_array = self.c_range = self.c_subtype = self.c_multirange = 0
        self.have = {rettype}
        self.compatible: list[int] = []
        self.family1_args = 0
        self.family1_unknowns = False
        self.family2 = False

    def collect(self, declared: int, actual: int) -> None:
        """Take note of one argument."""
        if declared not in POLYMORPHIC:
            return
        self.have.add(declared)
        if declared in FAMILY1:
            self.family1_args += 1
            if actual == UNKNOWNOID:
                self.family1_unknowns = True
                return
        else:
            self.family2 = True
            if actual == UNKNOWNOID:
                return
        if self.allow_poly and declared == actual:
            return
        catalog = self.catalog
        if declared in _ELEMENT_LIKE:
            if self.element and actual != self.element:
                raise _mismatch(
                    'arguments declared "anyelement" are not all alike',
                    _versus(catalog, self.element, actual),
                )
            self.element = actual
        elif declared in _COMPATIBLE_LIKE:
            self.compatible.append(actual)
        elif declared == ANYCOMPATIBLEARRAYOID:
            actual = catalog.base_type(actual)
            element = catalog.element_type(actual)
            if not element:
                raise _mismatch(
                    "argument declared anycompatiblearray is not an array but type "
                    f"{catalog.format_type(actual)}"
                )
            self.compatible.append(element)
        else:
            self._collect_one_of_a_kind(declared, catalog.base_type(actual))

    def _collect_one_of_a_kind(self, declared: int, actual: int) -> None:
        slot = _SLOTS[declared]
        known = getattr(self, slot)
        if known:
            if known != actual:
                raise _mismatch(
                    f'arguments declared "{_ALIKE_NAMES[declared]}" are not all alike',
                    _versus(self.catalog, known, actual),
                )
            return
        setattr(self, slot, actual)
        if declared == ANYCOMPATIBLERANGEOID:
            self.c_subtype = get_range_subtype(self.catalog, actual)
            if not self.c_subtype:
                raise self._not_a("anycompatiblerange", "a range type", actual)
            self.compatible.append(self.c_subtype)
        elif declared == ANYCOMPATIBLEMULTIRANGEOID and not get_multirange_range(self.catalog, actual):
            raise self._not_a("anycompatiblemultirange", "a multirange type", actual)

    def _not_a(self, name: str, what: str, actual: int) -> SqlError:
        return _mismatch(
            f"argument declared {name} is not {what} but type {self.catalog.format_type(actual)}"
        )

    def _inconsistent(self, name: str, other: str, a: int, b: int) -> SqlError:
        return _mismatch(
            f"argument declared {name} is not consistent with argument declared {other}",
            _versus(self.catalog, a, b),
        )

    def resolve_family1(self) -> None:
        """Fill in what follows from what was found, for anyelement and its relatives."""
        catalog = self.catalog
        if self.array:
            if self.array == ANYARRAYOID:
                # Only pg_stats columns are of type anyarray.
                if self.family1_args != 1 or (self.rettype != ANYARRAYOID and self.rettype in FAMILY1):
                    raise _mismatch('cannot determine element type of "anyarray" argument')
                element = ANYELEMENTOID
            else:
                element = catalog.element_type(self.array)
                if not element:
                    raise self._not_a("anyarray", "an array", self.array)
            if not self.element:
                self.element = element
            elif element != self.element:
                raise self._inconsistent("anyarray", "anyelement", self.array, self.element)
        if self.multirange:
            range_type = get_multirange_range(catalog, self.multirange)
            if not range_type:
                raise self._not_a("anymultirange", "a multirange type", self.multirange)
            if not self.range:
                self.range = range_type
            elif range_type != self.range:
                raise self._inconsistent("anymultirange", "anyrange", self.multirange, self.range)
        elif ANYMULTIRANGEOID in self.have and self.range:
            self.multirange = get_range_multirange(catalog, self.range)
        if self.range:
            subtype = get_range_subtype(catalog, self.range)
            if not subtype:
                raise self._not_a("anyrange", "a range type", self.range)
            if not self.element:
                self.element = subtype
            elif subtype != self.element:
                raise self._inconsistent("anyrange", "anyelement", self.range, self.element)
        if not self.element:
            if not self.allow_poly:
                raise _mismatch("could not determine polymorphic type because input has type unknown")
            self.element, self.array = ANYELEMENTOID, ANYARRAYOID
            self.range, self.multirange = ANYRANGEOID, ANYMULTIRANGEOID
        if self.element != ANYELEMENTOID:
            if ANYNONARRAYOID in self.have and type_is_array_domain(catalog, self.element):
                raise _mismatch(
                    f"type matched to anynonarray is an array type: {catalog.format_type(self.element)}"
                )
            if ANYENUMOID in self.have and not type_is_enum(catalog, self.element):
                raise _mismatch(
                    f"type matched to anyenum is not an enum type: {catalog.format_type(self.element)}"
                )

    def resolve_family2(self) -> None:
        """Likewise for anycompatible and its relatives."""
        catalog = self.catalog
        if self.c_multirange:
            range_type = get_multirange_range(catalog, self.c_multirange)
            if self.c_range:
                if range_type != self.c_range:
                    raise self._inconsistent(
                        "anycompatiblemultirange", "anycompatiblerange", self.c_multirange, self.c_range
                    )
            else:
                self.c_range = range_type
                self.c_subtype = get_range_subtype(catalog, range_type)
                self.have.add(ANYCOMPATIBLERANGEOID)
                self.compatible.append(self.c_subtype)
        elif ANYCOMPATIBLEMULTIRANGEOID in self.have and self.c_range:
            self.c_multirange = get_range_multirange(catalog, self.c_range)
        if self.compatible:
            self._resolve_common_type()
        elif self.allow_poly:
            self.c_type, self.c_array = ANYCOMPATIBLEOID, ANYCOMPATIBLEARRAYOID
            self.c_range, self.c_multirange = ANYCOMPATIBLERANGEOID, ANYCOMPATIBLEMULTIRANGEOID
        else:
            # Only unknown literals: they are text, as in UNION.
            self.c_type, self.c_array = TEXTOID, TEXTARRAYOID
            if ANYCOMPATIBLERANGEOID in self.have:
                raise _undetermined("anycompatiblerange")
            if ANYCOMPATIBLEMULTIRANGEOID in self.have:
                raise _undetermined("anycompatiblemultirange")

    def _resolve_common_type(self) -> None:
        catalog = self.catalog
        self.c_type = select_common_type_from_oids(catalog, self.compatible, False)
        if not verify_common_type_from_oids(catalog, self.c_type, self.compatible):
            raise _mismatch("arguments of anycompatible family cannot be cast to a common type")
        if ANYCOMPATIBLEARRAYOID in self.have:
            self.c_array = _require_array_type(catalog, self.c_type)
        for declared, name, actual in (
            (ANYCOMPATIBLERANGEOID, "anycompatiblerange", self.c_range),
            (ANYCOMPATIBLEMULTIRANGEOID, "anycompatiblemultirange", self.c_multirange),
        ):
            if declared in self.have:
                if not actual:
                    raise _undetermined(name)
                if self.c_subtype != self.c_type:
                    raise _mismatch(
                        f"{name} type {catalog.format_type(actual)} does not match anycompatible type "
                        f"{catalog.format_type(self.c_type)}"
                    )
        if ANYCOMPATIBLENONARRAYOID in self.have and type_is_array_domain(catalog, self.c_type):
            raise _mismatch(
                f"type matched to anycompatiblenonarray is an array type: {catalog.format_type(self.c_type)}"
            )

    def family2_type(self, declared: int) -> int:
        """What a declared anycompatible... parameter becomes."""
        if declared in _COMPATIBLE_LIKE:
            return self.c_type
        if declared == ANYCOMPATIBLEARRAYOID:
            return self.c_array
        return self.c_range if declared == ANYCOMPATIBLERANGEOID else self.c_multirange

    def family1_type(self, declared: int) -> int:
        """What a declared anyelement... parameter or result becomes."""
        if declared in _ELEMENT_LIKE:
            return self.element
        if declared == ANYARRAYOID:
            if not self.array:
                self.array = _require_array_type(self.catalog, self.element)
            return self.array
        if declared == ANYRANGEOID:
            if not self.range:
                raise _undetermined("anyrange")
            return self.range
        if not self.multirange:
            raise _undetermined("anymultirange")
        return self.multirange


def enforce_generic_type_consistency(
    catalog: Any,
    actual_arg_types: Sequence[int],
    declared_arg_types: list[int],
    rettype: int,
    allow_poly: bool,
) -> int:
    """Replace polymorphic types in declared_arg_types by actual ones; return the actual result type.

    Family 1 parameters are replaced only where the argument is of unknown type, as in PostgreSQL.
    """
    if rettype not in POLYMORPHIC and POLYMORPHIC.isdisjoint(declared_arg_types):
        return rettype
    found = _Resolution(catalog, rettype, allow_poly)
    for declared, actual in zip(declared_arg_types, actual_arg_types, strict=False):
        found.collect(declared, actual)
    if not found.family1_args and not found.family2:
        return rettype
    if found.family1_args:
        found.resolve_family1()
    if found.family2:
        found.resolve_family2()
        for i, declared in enumerate(declared_arg_types):
            if declared in FAMILY2:
                declared_arg_types[i] = found.family2_type(declared)
    if found.family1_unknowns:
        for i, actual in enumerate(actual_arg_types):
            if actual == UNKNOWNOID and declared_arg_types[i] in FAMILY1:
                declared_arg_types[i] = found.family1_type(declared_arg_types[i])
    if rettype in FAMILY1:
        return found.family1_type(rettype)
    if rettype in FAMILY2:
        result = found.family2_type(rettype)
        if not result:
            raise _mismatch(f"could not identify {catalog.format_type(rettype)} type")
        return result
    return rettype


# --- declarations -------------------------------------------------------------------------------------


def check_valid_polymorphic_signature(
    catalog: Any, ret_type: int, declared_arg_types: Sequence[int]
) -> str | None:
    """Why a function's polymorphic result could not be determined from its arguments; None if fine."""
    name = catalog.format_type(ret_type)
    if ret_type in (ANYRANGEOID, ANYMULTIRANGEOID):
        if {ANYRANGEOID, ANYMULTIRANGEOID}.isdisjoint(declared_arg_types):
            return f"A result of type {name} requires at least one input of type anyrange or anymultirange."
    elif ret_type in (ANYCOMPATIBLERANGEOID, ANYCOMPATIBLEMULTIRANGEOID):
        if {ANYCOMPATIBLERANGEOID, ANYCOMPATIBLEMULTIRANGEOID}.isdisjoint(declared_arg_types):
            return (
                f"A result of type {name} requires at least one input of type anycompatiblerange or "
                "anycompatiblemultirange."
            )
    elif ret_type in FAMILY1:
        if FAMILY1.isdisjoint(declared_arg_types):
            return (
                f"A result of type {name} requires at least one input of type anyelement, anyarray, "
                "anynonarray, anyenum, anyrange, or anymultirange."
            )
    elif ret_type in FAMILY2 and FAMILY2.isdisjoint(declared_arg_types):
        return (
            f"A result of type {name} requires at least one input of type anycompatible, "
            "anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange."
        )
    return None
