CREATE TYPE "an ""enum""" AS ENUM ('a b', '', 'Self', 'x"y', 'A B', '日');
CREATE TYPE "mood" AS ENUM ('happy', 'so-so');
CREATE TYPE "nothing" AS ENUM ();
CREATE DOMAIN "name of it" AS varchar(20) CHECK (VALUE <> '');
CREATE TABLE "kinds" (
    "id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "odd" "an ""enum""" NOT NULL, "mood" "mood", "none" "nothing",
    "name" "name of it", "list" text[], "numbers" int[], "ids" uuid[] NOT NULL DEFAULT '{}', "network" inet, "small" smallint NOT NULL DEFAULT 3, "single" real, "at" timestamptz,
    "on" date, "then" time, "local" timestamp, "doc" jsonb, "made" text GENERATED ALWAYS AS ('x' || 1) STORED,
    "number" bigint GENERATED ALWAYS AS IDENTITY, "span" interval NOT NULL DEFAULT '1 day'
);
CREATE TABLE "twice" ("id" uuid PRIMARY KEY, "unused" "mood");
CREATE TABLE "Twice" ("id" uuid PRIMARY KEY);
CREATE TABLE "case" ("id" bigint PRIMARY KEY, "a" text, "A" text);
CREATE TABLE "parts" ("id" bigint PRIMARY KEY, "when" date) PARTITION BY RANGE ("id");
CREATE TABLE "part of parts" PARTITION OF "parts" FOR VALUES FROM (1) TO (10);
CREATE TABLE "unique" ("code" text NOT NULL UNIQUE, "name" text);
INSERT INTO "kinds" ("odd", "mood") VALUES ('a b', 'so-so'), ('', NULL), ('Self', NULL);
INSERT INTO "parts" VALUES (1, '2027-01-01');
