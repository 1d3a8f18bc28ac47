"""CREATE INDEX ASYNC, ALTER TABLE ASYNC ... VALIDATE CONSTRAINT, and CALL sys.wait_for_job."""

import base64
import binascii
from collections.abc import Generator
from typing import Any

from ..api import ColumnDescription
from ..commands.registry import command, describes
from ..ddl.dependencies import PG_CLASS, PG_CONSTRAINT
from ..ddl.indexes import create_index
from ..ddl.names import find_relation, require_owner
from ..errors import SqlError
from ..sqlstates import INVALID_TEXT_REPRESENTATION, UNDEFINED_OBJECT, WRONG_OBJECT_TYPE
from .asynchronous import AsyncAlterTableStmt, AsyncIndexStmt, WaitForJobStmt
from .check import require_key_type

JOB_ID = (ColumnDescription("job_id", 0, 0, 25, -1, -1),)
SUCCEEDED = (ColumnDescription("succeeded", 0, 0, 16, 1, -1),)


@describes("AsyncIndexStmt", "AsyncAlterTableStmt")
def describe_job(session: Any, statement: Any) -> tuple[ColumnDescription, ...]:
    """One row: the job's name."""
    return JOB_ID


@describes("WaitForJobStmt")
def describe_wait(session: Any, statement: Any) -> tuple[ColumnDescription, ...]:
    """One row: how the job ended."""
    return SUCCEEDED


@command("AsyncIndexStmt", tag="CREATE INDEX")
def create_index_async(ctx: Any, statement: AsyncIndexStmt) -> Generator[Any, Any, None]:
    """The index without entries, not valid, and a job; no row if IF NOT EXISTS finds it (inferred)."""
    transaction = ctx.transaction
    oid = find_relation(ctx, statement.relation)
    before = {row.indexrelid for row in transaction.catalog.pg_index.find("indrelid", oid)}
    yield from create_index(ctx, statement, build=False) or ()
    catalog = transaction.catalog
    made = [row for row in catalog.pg_index.find("indrelid", oid) if row.indexrelid not in before]
    if not made:
        return
    row = made[0]
    for key in catalog.relation(row.indexrelid).extra["index"].keys:
        require_key_type(ctx.session, key.typid, -1)  # of expressions it is known only now
    transaction.catalog_update("pg_index", row, row._replace(indisvalid=False))
    relation = catalog.pg_class.get(row.indexrelid)
    schema = catalog.pg_namespace.get(relation.relnamespace).nspname
    jobs = ctx.session.engine.jobs
    name = f"{schema}.{relation.relname}"  # inferred
    job = jobs.submit(ctx, "INDEX_BUILD", PG_CLASS, row.indexrelid, name)
    yield [(job.id,)]


@command("AsyncAlterTableStmt", tag="ALTER TABLE")
def validate_async(ctx: Any, statement: AsyncAlterTableStmt) -> Generator[Any, Any, None]:
    """VALIDATE CONSTRAINT as a job."""
    oid = find_relation(ctx, statement.relation, missing_ok=bool(statement.missing_ok))
    if oid is None:
        return
    catalog = ctx.transaction.catalog
    relation = catalog.relation(oid)
    require_owner(ctx, relation.row)
    name = statement.cmds[0].name
    rows = catalog.pg_constraint.find("conrelid_contypid_conname", oid, 0, name)
    if not rows:
        raise SqlError(UNDEFINED_OBJECT, f'constraint "{name}" of relation "{relation.name}" does not exist')
    if rows[0].contype not in "fcn":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot validate constraint "{name}" of relation "{relation.name}"',
            detail="This operation is not supported for this type of constraint.",
        )
    job = ctx.session.engine.jobs.submit(ctx, "VALIDATE_CONSTRAINT", PG_CONSTRAINT, rows[0].oid, name)
    yield [(job.id,)]


@command("WaitForJobStmt", tag="CALL", read_only_ok=True)
def wait_for_job(ctx: Any, statement: WaitForJobStmt) -> Generator[Any, Any, None]:
    """Wait until a job has ended. 22P02 for what is no job's name; 42704 for an unknown one (inferred)."""
    name = _argument(ctx, statement)
    if not _is_id(name):
        raise SqlError(INVALID_TEXT_REPRESENTATION, "Unable to convert text to UUID")
    jobs = ctx.session.engine.jobs
    job = jobs.jobs.get(name)
    if job is None:
        raise SqlError(UNDEFINED_OBJECT, f"job {name} does not exist")
    while (future := jobs.finished(job)) is not None:
        yield future
    if not ctx.transaction.explicit:
        ctx.session.know_catalog()  # the session has waited for just this change
    yield [(job.status == "completed",)]


def _argument(ctx: Any, statement: WaitForJobStmt) -> Any:
    from ..commands.procedures import analyzed_call
    from ..evaluate import evaluate_expression

    call = analyzed_call(ctx.session, statement, ctx.parameter_types, ctx.source)
    return evaluate_expression(ctx, call.callExpr.args[0])


def _is_id(name: Any) -> bool:
    if name is None or len(name) != 26 or name != name.lower():
        return False
    try:
        return len(base64.b32decode(name.upper() + "======")) == 16
    except binascii.Error:
        return False
