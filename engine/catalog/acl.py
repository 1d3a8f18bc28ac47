"""aclitem values: who may do what, granted by whom.

Privileges are PostgreSQL's bits (nodes/parsenodes.h ACL_*): bit n is the n-th letter of LETTERS, and
the grant option of the same privilege is 32 bits above it.
"""

from typing import NamedTuple

LETTERS = "arwdDxtXUCTcsAm"
BITS = {letter: 1 << n for n, letter in enumerate(LETTERS)}

ACL_INSERT = 1 << 0
ACL_SELECT = 1 << 1
ACL_UPDATE = 1 << 2
ACL_DELETE = 1 << 3
ACL_TRUNCATE = 1 << 4
ACL_REFERENCES = 1 << 5
ACL_TRIGGER = 1 << 6
ACL_EXECUTE = 1 << 7
ACL_USAGE = 1 << 8
ACL_CREATE = 1 << 9
ACL_CREATE_TEMP = 1 << 10
ACL_CONNECT = 1 << 11
ACL_SET = 1 << 12
ACL_ALTER_SYSTEM = 1 << 13
ACL_MAINTAIN = 1 << 14

ACLITEMOID = 1033


class AclItem(NamedTuple):
    """The engine value of aclitem; grantee 0 is PUBLIC."""

    grantee: int
    grantor: int
    privileges: int
