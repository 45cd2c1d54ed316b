CREATE TABLE "type" ("id" {id}, "type" text, "links" text NOT NULL DEFAULT 'x', "self" text, "match" text, "meta" {json});
CREATE TABLE "self" ("self" {id}, "Self_" text, "super" integer, "crate" boolean, "async" {float}, "r#try" {date});
CREATE TABLE "links" ("key" {id}, "id" text, "relationships" text, "data" {bytes}, "needed" {bytes} NOT NULL DEFAULT {empty});
CREATE TABLE "order" (
    "id" {id},
    "type_id" {ref} REFERENCES "type" ("id"),
    "type" {ref} REFERENCES "type" ("id"),
    "parent" {ref} REFERENCES "order" ("id"),
    "id_" {ref} NOT NULL REFERENCES "self" ("self"),
    "price" {decimal}
);
CREATE TABLE "with space; -- and 'more'" (
    "the id" varchar(20) PRIMARY KEY, "it's ""quoted""" text, "!!!" text, "???" text, "2nd" text, "a-b" text, "a b" text,
    "Größe" integer, "日本" text, "ⓐ" text, "x²" text, "_" text, "end
of line" text
);
CREATE TABLE "String" ("id" {id}, "Vec" text, "Option" text, "to_one" {ref} REFERENCES "String" ("id"));
CREATE TABLE "strings" ("id" {id}, "row" text);
CREATE TABLE "Result" ("id" {id});
CREATE TABLE "日本" ("id" {id}, "name" text);
CREATE TABLE "*/ //! */" ("id" {id}, "//" text);
CREATE TABLE "line
break" ("id" {id}, "with_space" varchar(20) REFERENCES "with space; -- and 'more'" ("the id"));
CREATE TABLE "no key" ("a" text);
CREATE TABLE "composite" ("a" {ref}, "b" {ref}, "c" text NOT NULL, PRIMARY KEY ("a", "b"));
CREATE TABLE "refers" ("id" {id}, "a" {ref}, "b" {ref}, FOREIGN KEY ("a", "b") REFERENCES "composite" ("a", "b"));
CREATE TABLE "extends" ("id" {ref} PRIMARY KEY REFERENCES "order" ("id"), "more" text);
CREATE TABLE "tagging" (
    "order_id" {ref} REFERENCES "order" ("id"), "type_id" {ref} REFERENCES "type" ("id"), PRIMARY KEY ("order_id", "type_id")
);
CREATE TABLE "tagging again" (
    "order" {ref} REFERENCES "order" ("id"), "type" {ref} REFERENCES "type" ("id"), "at" {date}, PRIMARY KEY ("order", "type")
);
CREATE TABLE "follows" (
    "follower_id" {ref} REFERENCES "self" ("self"), "followed_id" {ref} REFERENCES "self" ("self"),
    PRIMARY KEY ("follower_id", "followed_id")
);
CREATE TABLE "detail" (
    "order_id" {ref} REFERENCES "order" ("id"), "type_id" {ref} REFERENCES "type" ("id"), "number" integer NOT NULL,
    PRIMARY KEY ("order_id", "type_id")
);
CREATE TABLE "_sqlx_migrations" ("version" {id});
CREATE VIEW "a view" AS SELECT 1 AS "id";
INSERT INTO "type" ("type", "links") VALUES ('a', 'b');
INSERT INTO "self" ("Self_", "super") VALUES ('a', 1);
INSERT INTO "order" ("type_id", "type", "id_") VALUES (1, 1, 1);
INSERT INTO "with space; -- and 'more'" ("the id", "!!!", "Größe") VALUES ('one', 'a', 1);
INSERT INTO "line
break" ("with_space") VALUES ('one');
INSERT INTO "links" ("id") VALUES ('not the key');
INSERT INTO "String" ("Vec", "to_one") VALUES ('a', 1);
INSERT INTO "strings" ("row") VALUES ('a');
INSERT INTO "日本" ("name") VALUES ('a');
INSERT INTO "tagging" VALUES (1, 1);
INSERT INTO "tagging again" ("order", "type") VALUES (1, 1);
INSERT INTO "follows" VALUES (1, 1);
CREATE TABLE "recipe" ("id" {id}, "name" text);
CREATE TABLE "step" (
    "id" {id}, "recipe_id" {ref} NOT NULL REFERENCES "recipe" ("id"), "sortOrder" integer NOT NULL,
    "about_type" text, "about_id" {ref}, UNIQUE ("recipe_id", "sortOrder")
);
