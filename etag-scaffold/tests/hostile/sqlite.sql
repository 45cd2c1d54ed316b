CREATE TABLE "untyped" ("id" INTEGER PRIMARY KEY, "texts", "numbers", "mixed", "none");
INSERT INTO "untyped" ("texts", "numbers", "mixed") VALUES ('a', 1, 'a'), ('b', 2, 2);
CREATE TABLE "int key" ("id" INT PRIMARY KEY, "name" TEXT);
CREATE TABLE "descending" ("id" INTEGER PRIMARY KEY DESC, "name" TEXT);
CREATE TABLE "text key" ("id" TEXT PRIMARY KEY, "made" TEXT AS (upper("id"))) WITHOUT ROWID;
CREATE TABLE "refers by default" ("id" INTEGER PRIMARY KEY, "text_key" TEXT REFERENCES "text key");
CREATE VIRTUAL TABLE "words" USING fts5("text");
INSERT INTO "text key" VALUES ('a');
INSERT INTO "refers by default" ("text_key") VALUES ('a');
