"""A small shop in PostgreSQL that has every kind of thing a schema can have."""

from __future__ import annotations

SCHEMA = 'Shop "1"'
_HERE = '"Shop ""1"""'
STATEMENTS = (
    f"CREATE SCHEMA {_HERE}",
    f"SET search_path = {_HERE}",
    "CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s fine')",
    "CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE >= 0 AND VALUE <= 100)",
    """CREATE TABLE kinds (
        code char(3) PRIMARY KEY,
        "Label, 'x'" varchar(40) NOT NULL DEFAULT 'none'
    )""",
    """CREATE TABLE things (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        number serial,
        kind char(3) NOT NULL REFERENCES kinds ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
        parent integer CONSTRAINT tree REFERENCES things ON DELETE SET NULL,
        amount numeric(38,10), loose numeric, share percent DEFAULT 50,
        small smallint, big bigint, single real, twice double precision, yes boolean,
        moment timestamptz DEFAULT now(), wall timestamp(3), day date, clock time, zoned timetz, lasted interval,
        token uuid UNIQUE, bytes bytea, plain json, rich jsonb, flags bit varying(8), feeling mood DEFAULT 'so so',
        counts integer[], names text[], feelings mood[], sums numeric(20,5)[], address inet, price money,
        total numeric(12,2) GENERATED ALWAYS AS (small * 2.5) STORED,
        CONSTRAINT once UNIQUE (kind, number),
        CONSTRAINT little CHECK (small < 1000 OR big > 0)
    )""",
    "COMMENT ON TABLE things IS 'What there is; isn''t it?'",
    "COMMENT ON COLUMN things.amount IS 'to the tenth digit'",
    "INSERT INTO kinds VALUES ('a', 'first'), ('bcd', '')",
    """INSERT INTO things (kind, parent, amount, loose, share, small, big, single, twice, yes, moment, wall, day, clock, zoned, lasted,
        token, bytes, plain, rich, flags, feeling, counts, names, feelings, sums, address, price) VALUES
        ('a', NULL, 1234567890123456789012345678.0123456789, 1.5, 12.34, -32768, 9223372036854775807, 1.1, 0.1, true,
         '2024-02-29 12:00:00.123456+02', '1899-12-31 23:59:59.999', '9999-12-31', '24:00:00', '10:00:00.5+05:30',
         '1 year -2 mons 3 days -04:05:06.789', '00000000-0000-0000-0000-000000000001', '\\x00ff', '{"b":1, "a": [1,  2]}',
         '{"b": 1, "a": 1.50}', '0101', 'it''s fine', '{1,NULL,3}', '{a,"b c",NULL,""}', '{sad,"so so"}', '{1.00001,-2}', '10.0.0.1', 12.5),
        ('bcd', 1, -0.0000000001, 12345.678, 100, 0, 0, 'NaN', '-Infinity', false, 'infinity', '-infinity',
         '0044-03-15 BC', '00:00', '00:00+00', '0', '00000000-0000-0000-0000-000000000002',
         '', '[]', '{}', '', 'sad', '{}', '{}', '{}', '{}', '::1', -1),
        ('a', 2, NULL, NULL, NULL, NULL, NULL, '-0', '-0', NULL, '0044-03-15 10:00:00 BC', NULL, 'infinity', NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
)
