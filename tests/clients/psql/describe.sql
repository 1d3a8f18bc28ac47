\pset pager off
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
CREATE TYPE shop.pair AS (x int, y text);
CREATE DOMAIN shop.positive AS int CHECK (VALUE > 0);
CREATE TABLE shop.customer (id serial PRIMARY KEY, name varchar(40) NOT NULL, email text UNIQUE, born date,
    balance numeric(10,2) DEFAULT 0 CHECK (balance >= 0), tags text[], m shop.mood DEFAULT 'ok');
CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id int NOT NULL REFERENCES shop.customer ON DELETE CASCADE, placed timestamptz DEFAULT now(),
    total int, twice int GENERATED ALWAYS AS (total * 2) STORED);
CREATE INDEX orders_placed ON shop.orders (placed DESC) WHERE total > 0;
CREATE INDEX ON shop.customer (lower(name));
CREATE VIEW shop.rich AS SELECT id, name FROM shop.customer WHERE balance > 100;
CREATE SEQUENCE shop.ticket INCREMENT BY 5;
CREATE FUNCTION shop.add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
COMMENT ON TABLE shop.customer IS 'Who buys';
COMMENT ON COLUMN shop.customer.name IS 'Full name';
INSERT INTO shop.customer (name, email, born) VALUES ('Ada', 'ada@example.com', '1815-12-10'), ('Bob', NULL, NULL);
\d shop.customer
\d shop.orders
\d shop.rich
\d shop.ticket
\d shop.orders_placed
\d+ shop.customer
\d+ shop.rich
\dt shop.*
\di shop.*
\dv shop.*
\ds shop.*
\dT shop.*
\dT+ shop.mood
\dD shop.*
\df shop.*
\dn shop
\dn+ shop
\d nothing
\dt nothing
\sf shop.add
\sv shop.rich
\x on
SELECT * FROM shop.customer ORDER BY id;
\x off
\pset null '(null)'
\pset format csv
SELECT * FROM shop.customer ORDER BY id;
\pset format aligned
\set who Ada
SELECT id FROM shop.customer WHERE name = :'who';
SELECT 1 AS one, 'x' AS two \gset
\echo :one :two
SELECT format('SELECT %s AS n', g) FROM generate_series(1, 2) g \gexec
SELECT $1::int + $2::int AS sum \bind 3 4 \g
SELECT 1 AS a, 2 AS b \gdesc
\if true
\echo yes
\endif
\dconfig search_path
\du postgres
\encoding
SELECT name, m FROM shop.customer \crosstabview
