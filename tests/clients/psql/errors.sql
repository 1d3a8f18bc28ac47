\pset pager off
SELECT 1 +;
SELECT nothing;
SELECT * FROM nothing WHERE a = 1;
SELECT id,
       nam
FROM (VALUES (1, 'x')) v (id, name);
SELECT 'x'::int;
SELECT 1 / 0;
CREATE TABLE et (a int PRIMARY KEY, b text NOT NULL CHECK (b <> ''));
INSERT INTO et VALUES (1, 'x'), (1, 'y');
INSERT INTO et VALUES (2, NULL);
INSERT INTO et VALUES (2, '');
INSERT INTO et (a, c) VALUES (2, '');
SELECT lenght('x');
SELECT 1 WHERE 'a' = 1;
\set VERBOSITY verbose
SELECT nothing;
\set VERBOSITY sqlstate
SELECT nothing;
\set VERBOSITY default
\errverbose
BEGIN;
SELECT 1 / 0;
SELECT 1;
\echo :SQLSTATE :LAST_ERROR_MESSAGE
ROLLBACK;
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT 1 / 0;
SELECT 1;
COMMIT;
\set AUTOCOMMIT off
INSERT INTO et VALUES (3, 'z');
ROLLBACK;
SELECT count(*) FROM et;
COMMIT;
DROP TABLE et;
COMMIT;
