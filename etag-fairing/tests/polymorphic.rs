//! Polymorphic relationships: to one resource of one of several types, over each database.
#![cfg(feature = "sqlite")]

mod support;

use std::thread;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne, ToOneOf};
use serde_json::{Value, json};
use support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag)]
struct Person {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "photos", etag)]
struct Photo {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    version: i64,
    title: String,
    #[jsonapi(relationship)]
    author: ToOne<Person>,
    #[jsonapi(relationship, inverse = "subject", linkage = true)]
    comments: ToMany<Comment>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "videos", etag)]
struct Video {
    #[jsonapi(id)]
    id: i64,
    title: String,
    seconds: i64,
    #[jsonapi(relationship, inverse = "subject")]
    comments: ToMany<Comment>,
    #[jsonapi(relationship, inverse = "subject")]
    ratings: ToMany<Rating>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "comments", etag)]
struct Comment {
    #[jsonapi(id)]
    id: i64,
    body: String,
    #[jsonapi(relationship, stored_types(Photo = "App\\Models\\Photo"))]
    subject: ToOneOf<(Photo, Video)>,
}

/// Goes with what it rates.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "ratings", etag)]
struct Rating {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    version: i64,
    stars: i64,
    #[jsonapi(relationship, required, on_delete = "cascade", column = "rated", type_column = "rated_kind")]
    subject: ToOneOf<(Video, Photo, Person)>,
}

/// Keeps what it is about.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pins", etag)]
struct Pin {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, on_delete = "restrict")]
    on: ToOneOf<(Photo, Comment)>,
}

fn routes() -> Vec<rocket::Route> {
    let media = [Person::routes(), Photo::routes(), Video::routes()].concat();
    [media, Comment::routes(), Rating::routes(), Pin::routes()].concat()
}

fn start(url: &str) -> Server {
    let toml = format!(
        "[default]\netag = {{ enabled = true }}\n[default.databases.api]\nurl = '{url}'\nread_timeout = 60\n\
         [default.jsonapi]\nclient_ids = true"
    );
    Server::start(&toml, |rocket| {
        rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/", routes())
    })
}

/// Calls `test` with a server over each database.
fn on_each_database(test: impl Fn(&Server)) {
    test(&start("sqlite::memory:"));
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(&start(database.url()));
    }
}

fn identifier(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}

#[track_caller]
fn create(server: &Server, kind: &str, id: i64, attributes: &Value, relationships: &Value) -> Answer {
    let document = json!({"data": {"type": kind, "id": id.to_string(), "attributes": attributes,
        "relationships": relationships}});
    server.write("POST", &format!("/{kind}"), &document).is(201)
}

fn about(kind: &str, id: &str) -> Value {
    json!({"subject": {"data": identifier(kind, id)}})
}

/// Photo 1 and video 1, so that an id alone says nothing; comments 1 to 4 about photo 1, video 1, video 2 and nothing.
fn fill(server: &Server) {
    create(server, "people", 7, &json!({"name": "Ada"}), &json!({}));
    let author = json!({"author": {"data": identifier("people", "7")}});
    create(server, "photos", 1, &json!({"title": "a photo"}), &author);
    create(server, "photos", 2, &json!({"title": "another"}), &json!({}));
    create(server, "videos", 1, &json!({"title": "a video", "seconds": 60}), &json!({}));
    create(server, "videos", 2, &json!({"title": "long", "seconds": 3600}), &json!({}));
    create(server, "comments", 1, &json!({"body": "one"}), &about("photos", "1"));
    create(server, "comments", 2, &json!({"body": "two"}), &about("videos", "1"));
    create(server, "comments", 3, &json!({"body": "three"}), &about("videos", "2"));
    create(server, "comments", 4, &json!({"body": "four"}), &json!({}));
}

fn subject_of(server: &Server, comment: i64) -> Value {
    let read = server.get(&format!("/comments/{comment}"), &[]).is(200).json();
    read["data"]["relationships"]["subject"]["data"].clone()
}

fn ids(document: &Value) -> Vec<String> {
    let ids = document["data"].as_array().expect("a list").iter();
    ids.map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn linkage_has_the_type_of_what_it_leads_to() {
    on_each_database(|server| {
        fill(server);
        assert_eq!(subject_of(server, 1), identifier("photos", "1"));
        assert_eq!(subject_of(server, 2), identifier("videos", "1"));
        assert_eq!(subject_of(server, 4), Value::Null);
        let own = server.get("/comments/2/relationships/subject", &[]).is(200).json();
        assert_eq!(own["data"], identifier("videos", "1"));
        let comments = server.get("/photos/1/relationships/comments", &[]).is(200).json();
        assert_eq!(comments["data"], json!([identifier("comments", "1")]));
        let comments = server.get("/videos/1/comments", &[]).is(200).json();
        assert_eq!(ids(&comments), ["2"]);
    });
}

#[test]
fn the_related_url_answers_the_resource_of_its_own_type() {
    on_each_database(|server| {
        fill(server);
        let photo =
            server.get("/comments/1/subject?include=author&fields[photos]=title,author", &[]).is(200).json();
        assert_eq!(photo["data"]["type"], "photos");
        assert_eq!(photo["data"]["attributes"], json!({"title": "a photo"}));
        assert_eq!(photo["included"][0]["type"], "people");
        let video = server.get("/comments/2/subject", &[]).is(200).json();
        assert_eq!(
            (&video["data"]["type"], &video["data"]["attributes"]["seconds"]),
            (&json!("videos"), &json!(60))
        );
        // What can't be asked of a video.
        let (code, source) = server.get("/comments/2/subject?include=author", &[]).is(400).error();
        assert_eq!((code.as_str(), &source["parameter"]), ("invalid_include", &json!("include")));
        assert_eq!(server.get("/comments/4/subject?include=author", &[]).is(200).json()["data"], Value::Null);
        server.get("/comments/4/subject?include=nothing", &[]).is(400);
        server.get("/comments/9/subject", &[]).is(404);
        let tag = server.get("/comments/2/subject", &[]).tag();
        server.get("/comments/2/subject", &[("If-None-Match", &tag)]).is(304);
        server
            .write("PATCH", "/comments/2/relationships/subject", &json!({"data": identifier("photos", "2")}))
            .is(200);
        assert_eq!(
            server.get("/comments/2/subject", &[("If-None-Match", &tag)]).is(200).json()["data"]["id"],
            "2"
        );
        let whole =
            server.get("/comments/1/relationships/subject?include=subject.author", &[]).is(200).json();
        assert_eq!(whole["data"], identifier("photos", "1"));
        assert_eq!(whole["included"].as_array().map(Vec::len), Some(2));
        let empty = server.get("/comments/4/relationships/subject?include=subject", &[]).is(200).json();
        assert_eq!((&empty["data"], &empty["included"]), (&Value::Null, &json!([])));
    });
}

#[test]
fn include_goes_over_every_type() {
    on_each_database(|server| {
        fill(server);
        let types = |path: &str| {
            let document = server.get(path, &[]).is(200).json();
            let included = document["included"].as_array().unwrap().iter();
            let mut types: Vec<String> = included
                .map(|it| format!("{} {}", it["type"].as_str().unwrap(), it["id"].as_str().unwrap()))
                .collect();
            types.sort();
            types
        };
        assert_eq!(types("/comments?include=subject"), ["photos 1", "videos 1", "videos 2"]);
        // Of those that have an author.
        assert_eq!(
            types("/comments?include=subject.author"),
            ["people 7", "photos 1", "videos 1", "videos 2"]
        );
        assert_eq!(types("/comments?include=subject.ratings,subject.author").len(), 4);
        assert_eq!(types("/photos?include=comments.subject.author"), ["comments 1", "people 7"]);
        let (code, _) = server.get("/comments?include=subject.nobody", &[]).is(400).error();
        assert_eq!(code, "invalid_include");
        let fields = "/comments/1?include=subject&fields[photos]=title&fields[comments]=body";
        let document = server.get(fields, &[]).is(200).json();
        assert_eq!(document["included"][0]["attributes"], json!({"title": "a photo"}));
        assert_eq!(document["data"]["relationships"], Value::Null);
    });
}

#[test]
fn counts_go_over_every_type() {
    on_each_database(|server| {
        fill(server);
        let counts = |query: &str, name: &str| {
            let document = server.get(&format!("/comments?include=subject&{query}"), &[]).is(200).json();
            let included = document["included"].as_array().unwrap().iter();
            let counts: Vec<String> = included
                .filter_map(|it| {
                    let count = it["relationships"][name]["meta"].get("count")?;
                    Some(format!("{} {}: {count}", it["type"].as_str()?, it["id"].as_str()?))
                })
                .collect();
            counts.join(", ")
        };
        let all = "photos 1: 1, videos 1: 1, videos 2: 1";
        assert_eq!(counts("withCount=subject.comments", "comments"), all);
        // At the URLs of the relationship, too.
        let related = server.get("/comments/2/subject?withCount=comments,ratings", &[]).is(200).json();
        assert_eq!(related["data"]["relationships"]["comments"]["meta"]["count"], 1);
        server.get("/comments/1/subject?withCount=ratings", &[]).is(400);
        let own = "/comments/2/relationships/subject?include=subject&withCount=subject.comments";
        let own = server.get(own, &[]).is(200).json();
        assert_eq!(own["included"][0]["relationships"]["comments"]["meta"]["count"], 1);
        server.get("/comments/2/relationships/subject?withCount=subject", &[]).is(400);
        // The first of the types has none.
        assert_eq!(counts("withCount=subject.ratings", "ratings"), "videos 1: 0, videos 2: 0");
        for (counted, words) in [
            ("subject", "leads to one resource at most"),
            ("subject.author", "leads to one resource at most"),
            ("subject.nobody", "photos or videos has no relationship"),
            ("subject.ratings.subject", "is not included"),
        ] {
            let path = format!("/comments?include=subject&withCount={counted}");
            let error = server.get(&path, &[]).is(400).json()["errors"][0].clone();
            assert!(error["detail"].as_str().unwrap().contains(words), "{counted}: {error}");
            assert_eq!(error["source"]["parameter"], "withCount");
        }
    });
}

/// Photo 1 and video 1 have comments, whose subject has the id 1 either way.
#[test]
fn a_window_shows_what_leads_to_its_own_type() {
    on_each_database(|server| {
        fill(server);
        create(server, "comments", 5, &json!({"body": "five"}), &about("photos", "1"));
        for (path, expected) in [
            ("/photos/1?include=comments&page[comments][size]=5", "1 5"),
            ("/photos/1?include=comments&page[comments][size]=1", "1"),
            ("/photos/1?include=comments&sort[comments]=-id", "5 1"),
            ("/photos/1?include=comments&filterIncluded[comments][body][ne]=one", "5"),
            ("/videos/1?include=comments&sort[comments]=-id", "2"),
            ("/videos/1?include=comments&page[comments][number]=1&page[comments][totals]=true", "2"),
        ] {
            let document = server.get(path, &[]).is(200).json();
            let shown = ids(&document["data"]["relationships"]["comments"]);
            assert_eq!(shown.join(" "), expected, "{path}");
            assert_eq!(document["included"].as_array().map(Vec::len), Some(shown.len()), "{path}");
        }
    });
}

#[test]
fn windows_behind_several_types_are_those_of_each() {
    on_each_database(|server| {
        fill(server);
        for (id, kind, body) in
            [(5, "photos", "a"), (6, "photos", "b"), (7, "videos", "c"), (8, "videos", "a")]
        {
            create(server, "comments", id, &json!({"body": body}), &about(kind, "1"));
        }
        for id in 1..=3 {
            let rated = json!({"subject": {"data": identifier("videos", "1")}});
            create(server, "ratings", id, &json!({"stars": id}), &rated);
        }
        for (own, there) in [
            ("page[subject.comments][size]=2", "page[size]=2"),
            (
                "page[subject.comments][size]=1&page[subject.comments][totals]=true",
                "page[size]=1&page[totals]=true",
            ),
            ("sort[subject.comments]=-body", "sort=-body"),
            (
                "filterIncluded[subject.comments][body][in]=a,b&sort[subject.comments]=body",
                "filter[body][in]=a,b&sort=body",
            ),
        ] {
            let url = format!("/pins?include=on&{own}").replace("subject.comments", "on.comments");
            // Pins lead to comments, too, which have none.
            server.get(&url, &[]).is(400);
            let document =
                server.get(&format!("/comments?include=subject.comments&{own}"), &[]).is(200).json();
            let media = document["included"].as_array().unwrap().iter().filter(|it| it["type"] != "comments");
            let mut seen = 0;
            for one in media {
                let (kind, id) = (one["type"].as_str().unwrap(), one["id"].as_str().unwrap());
                let comments = &one["relationships"]["comments"];
                let related =
                    server.get(&format!("/{kind}/{id}/relationships/comments?{there}"), &[]).is(200);
                assert_eq!(comments["data"], related.json()["data"], "{kind} {id} {own}");
                assert_eq!(comments["meta"]["count"], related.json()["meta"]["count"], "{kind} {id} {own}");
                if let Some(next) = comments["links"]["next"].as_str() {
                    server.get(next, &[]).is(200);
                    seen += 1;
                }
            }
            assert_eq!(seen, if own.starts_with("page") { 2 } else { 0 }, "{own}");
        }
        // Only one of the types has ratings.
        let ratings =
            "/comments/2?include=subject.ratings&page[subject.ratings][size]=2&sort[subject.ratings]=-stars";
        let document = server.get(ratings, &[]).is(200).json();
        assert_eq!(document["included"].as_array().map(Vec::len), Some(3));
        let video =
            document["included"].as_array().unwrap().iter().find(|it| it["type"] == "videos").unwrap();
        let shown = json!([identifier("ratings", "3"), identifier("ratings", "2")]);
        assert_eq!(video["relationships"]["ratings"]["data"], shown);
        for wrong in ["page[subject][size]", "page[subject.nobody][size]", "page[subject.author][size]"] {
            let (code, source) =
                server.get(&format!("/comments?include=subject.author&{wrong}=1"), &[]).is(400).error();
            assert_eq!((code.as_str(), &source["parameter"]), ("unknown_parameter", &json!(wrong)));
        }
        let sort = "/comments?include=subject.comments&sort[subject.comments]=nothing";
        let refused = server.get(sort, &[]).is(400).json();
        assert_eq!(
            refused["errors"].as_array().map(Vec::len),
            Some(1),
            "one mistake is told once: {refused}"
        );
    });
}

#[test]
fn filters_name_the_type() {
    on_each_database(|server| {
        fill(server);
        for (filter, expected) in [
            ("filter[subject][type]=photos", "1"),
            ("filter[subject][type]=videos", "2 3"),
            ("filter[subject][type]=videos,photos", "1 2 3"),
            ("filter[subject.videos]=1", "2"),
            ("filter[subject.photos]=1", "1"),
            ("filter[subject.videos]=1,2", "2 3"),
            ("filter[subject.videos][ne]=1", "3"),
            ("filter[subject.videos.id][gt]=1", "3"),
            ("filter[subject.videos.title]=long", "3"),
            ("filter[subject__videos__title]=long", "3"),
            ("filter[subject.photos.author.name]=Ada", "1"),
            ("filter[subject.photos][has]=true", "1"),
            ("filter[subject.photos][is_null]=true", "2 3 4"),
            ("filter[subject][is_null]=true", "4"),
            ("filter[subject][is_null]=false", "1 2 3"),
            ("filter[subject][is_empty]=true", "4"),
            ("filter[subject][has]=true", "1 2 3"),
            ("filter=[{%22name%22:%22subject%22,%22op%22:%22type%22,%22val%22:%22videos%22}]", "2 3"),
            ("filter=[{%22name%22:%22subject%22,%22op%22:%22type%22,%22val%22:[%22photos%22]}]", "1"),
            (
                "filter=[{%22not%22:{%22name%22:%22subject%22,%22op%22:%22type%22,%22val%22:%22videos%22}}]",
                "1 4",
            ),
            (
                "filter=[{%22name%22:%22subject.videos%22,%22op%22:%22has%22,%22val%22:{%22name%22:%22seconds%22,%22op%22:%22gt%22,%22val%22:100}}]",
                "3",
            ),
            ("sort=subject.videos.title,id", "2 3 1 4"),
            ("sort=-subject.photos.id,-id&page[size]=2", "1 4"),
        ] {
            let found = server.get(&format!("/comments?{filter}"), &[]).is(200).json();
            assert_eq!(ids(&found).join(" "), expected, "{filter}");
        }
        for (path, expected) in [
            ("/photos?filter[comments.subject][type]=photos", "1"),
            ("/videos?filter[comments.subject][is_null]=false", "1 2"),
            ("/videos?filter[comments]=3", "2"),
            ("/videos?filter[comments.body]=two", "1"),
            ("/videos?filter[comments.subject.videos]=2", "2"),
            (
                "/photos?filter=[{%22not%22:{%22name%22:%22comments%22,%22op%22:%22any%22,%22val%22:null}}]",
                "2",
            ),
            ("/videos/2/comments?filter[body]=three&sort=-id", "3"),
        ] {
            let found = server.get(path, &[]).is(200).json();
            assert_eq!(ids(&found).join(" "), expected, "{path}");
        }
    });
}

#[test]
fn what_a_query_cannot_ask_is_refused_in_words() {
    on_each_database(|server| {
        fill(server);
        for (query, code, words) in [
            ("filter[subject]=1", "invalid_filter", "subject.photos, subject.videos"),
            ("filter[subject][eq]=1", "invalid_filter", "subject.photos, subject.videos"),
            ("filter[subject.title]=x", "invalid_filter", "leads to several types"),
            ("filter[subject.id]=1", "invalid_filter", "leads to several types"),
            ("filter[subject][type]=people", "invalid_filter", "photos or videos, not to \"people\""),
            ("filter[subject][type]=", "invalid_filter", "photos or videos"),
            ("filter[subject][type]=%00", "invalid_filter", "U+0000"),
            ("filter[subject.people]=1", "invalid_filter", "leads to several types"),
            ("filter[subject.]=1", "invalid_parameter_name", "not a name"),
            ("filter[subject.photos.videos]=1", "invalid_filter", "no member"),
            ("filter[subject.photos.seconds]=1", "invalid_filter", "no member"),
            ("filter[body.photos]=1", "invalid_filter", "not a relationship"),
            ("filter[body][type]=photos", "invalid_filter", "can't be used here"),
            ("sort=subject", "invalid_sort", "subject.photos.id"),
            ("sort=subject.title", "invalid_sort", "several types"),
            ("sort=subject.photos", "invalid_sort", "is a relationship"),
            ("include=subject.photos", "invalid_include", "photos or videos has no relationship"),
            ("fields[comments]=subject.photos", "invalid_fields", "no field"),
        ] {
            let answer = server.get(&format!("/comments?{query}"), &[]).is(400);
            let error = &answer.json()["errors"][0];
            assert_eq!(error["code"], code, "{query}");
            let detail = error["detail"].as_str().unwrap();
            assert!(detail.contains(words), "{query}: {detail}");
        }
    });
}

#[test]
fn a_document_may_lead_to_each_of_the_types_and_to_no_other() {
    on_each_database(|server| {
        fill(server);
        let patch = |data: &Value| {
            let document = json!({"data": {"type": "comments", "id": "1", "relationships": {"subject": {"data": data}}}});
            server.write("PATCH", "/comments/1", &document)
        };
        patch(&identifier("videos", "2")).is(200);
        assert_eq!(subject_of(server, 1), identifier("videos", "2"));
        patch(&identifier("photos", "2")).is(200);
        assert_eq!(subject_of(server, 1), identifier("photos", "2"));
        patch(&Value::Null).is(200);
        assert_eq!(subject_of(server, 1), Value::Null);
        let huge = "v".repeat(100_000);
        for (data, status, code, pointer) in [
            (identifier("people", "7"), 409, "type_mismatch", "/type"),
            (identifier("nothing", "7"), 409, "type_mismatch", "/type"),
            (identifier("photos\0", "1"), 409, "type_mismatch", "/type"),
            (identifier(&huge, "1"), 409, "type_mismatch", "/type"),
            (identifier("App\\Models\\Photo", "1"), 409, "type_mismatch", "/type"),
            (identifier("photos", "x"), 404, "related_not_found", "/id"),
            (identifier("photos", "99"), 404, "related_not_found", "/id"),
            (identifier("videos", "99"), 404, "related_not_found", "/id"),
            (json!({"type": 1, "id": "1"}), 400, "invalid_linkage", "/type"),
            (json!({"id": "1"}), 400, "missing_type", ""),
            (json!({"type": "photos"}), 400, "missing_id", ""),
            (json!([identifier("photos", "1")]), 400, "invalid_linkage", ""),
        ] {
            let answer = patch(&data).is(status);
            let pointer_of = |base: &str| json!({"pointer": format!("{base}{pointer}")});
            let base = "/data/relationships/subject/data";
            assert_eq!(answer.error(), (code.to_owned(), pointer_of(base)), "{data}");
            let answer =
                server.write("PATCH", "/comments/1/relationships/subject", &json!({"data": data})).is(status);
            assert_eq!(answer.error(), (code.to_owned(), pointer_of("/data")), "{data}");
        }
        assert_eq!(subject_of(server, 1), Value::Null);
        // A required one.
        let rating = |relationships: &Value| {
            let document = json!({"data": {"type": "ratings", "attributes": {"stars": 5}, "relationships": relationships}});
            server.write("POST", "/ratings", &document)
        };
        assert_eq!(rating(&json!({})).is(422).error().0, "validation_failed");
        rating(&json!({"subject": {"data": null}})).is(422);
        rating(&about("comments", "1")).is(409);
        let made = rating(&about("people", "7")).is(201).json();
        assert_eq!(made["data"]["relationships"]["subject"]["data"], identifier("people", "7"));
        let own = format!("/ratings/{}/relationships/subject", made["data"]["id"].as_str().unwrap());
        server.write("PATCH", &own, &json!({"data": null})).is(422);
    });
}

#[test]
fn the_inverse_of_a_type_has_the_resources_that_lead_there() {
    on_each_database(|server| {
        fill(server);
        let tag = || server.get("/photos/1", &[]).is(200).tag();
        let before = tag();
        // From a video to the photo: at both ends.
        server
            .write(
                "POST",
                "/photos/1/relationships/comments",
                &json!({"data": [identifier("comments", "2")]}),
            )
            .is(200);
        assert_eq!(subject_of(server, 2), identifier("photos", "1"));
        assert_eq!(ids(&server.get("/videos/1/comments", &[]).json()), Vec::<String>::new());
        let shown = tag();
        assert_ne!(before, shown, "the photo shows its comments");
        // From the photo to the video, seen from the video.
        server
            .write(
                "PATCH",
                "/videos/1/relationships/comments",
                &json!({"data": [identifier("comments", "2"), identifier("comments", "4")]}),
            )
            .is(200);
        assert_eq!(
            (subject_of(server, 2), subject_of(server, 4)),
            (identifier("videos", "1"), identifier("videos", "1"))
        );
        let taken = tag();
        assert_ne!(shown, taken, "a comment went to another type");
        server
            .write(
                "DELETE",
                "/videos/1/relationships/comments",
                &json!({"data": [identifier("comments", "4"), identifier("comments", "1")]}),
            )
            .is(200);
        assert_eq!((subject_of(server, 4), subject_of(server, 1)), (Value::Null, identifier("photos", "1")));
        assert_eq!(tag(), taken);
        // From the comment's side.
        server
            .write("PATCH", "/comments/1/relationships/subject", &json!({"data": identifier("videos", "1")}))
            .is(200);
        let left = tag();
        assert_ne!(taken, left);
        server
            .write("PATCH", "/comments/1/relationships/subject", &json!({"data": identifier("photos", "1")}))
            .is(200);
        assert_ne!(left, tag());
        let (status, text) = {
            let answer = server.write("PATCH", "/videos/1/relationships/ratings", &json!({"data": []}));
            (answer.status, answer.text())
        };
        assert_eq!(status, 200, "{text}");
    });
}

#[test]
fn deletion_follows_the_references_of_its_own_type() {
    on_each_database(|server| {
        fill(server);
        create(server, "ratings", 1, &json!({"stars": 1}), &about("videos", "1"));
        create(server, "ratings", 2, &json!({"stars": 2}), &about("photos", "1"));
        create(server, "pins", 1, &json!({}), &json!({"on": {"data": identifier("photos", "2")}}));
        create(server, "pins", 2, &json!({}), &json!({"on": {"data": identifier("comments", "1")}}));
        // Of all that has the id 1, only what leads to the video.
        server.write("DELETE", "/videos/1", &Value::Null).is(204);
        assert_eq!(subject_of(server, 2), Value::Null);
        assert_eq!(subject_of(server, 1), identifier("photos", "1"));
        server.get("/ratings/1", &[]).is(404);
        server.get("/ratings/2", &[]).is(200);
        let refused = server.write("DELETE", "/photos/2", &Value::Null).is(409);
        assert_eq!(refused.json()["errors"][0]["meta"]["types"], json!(["pins"]));
        server.write("DELETE", "/pins/1", &Value::Null).is(204);
        server.write("DELETE", "/photos/2", &Value::Null).is(204);
        server.write("DELETE", "/comments/1", &Value::Null).is(409);
        server.write("DELETE", "/photos/1", &Value::Null).is(204);
        assert_eq!(subject_of(server, 1), Value::Null);
        server.get("/ratings/2", &[]).is(404);
    });
}

#[test]
fn the_tag_of_a_comment_covers_what_it_leads_to() {
    on_each_database(|server| {
        fill(server);
        let tag = server.get("/comments/1", &[]).tag();
        let to = |id: &str, tag: &str| {
            let body = json!({"data": {"type": "comments", "id": "1", "relationships": about("videos", id)}})
                .to_string();
            let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag)];
            server.send("PATCH", "/comments/1", &fields, &body)
        };
        // The same id, and another type.
        let changed = to("1", &tag).is(200).tag();
        to("2", &tag).is(412);
        assert_ne!(tag, changed);
        server.write("DELETE", "/videos/1", &Value::Null).is(204);
        to("2", &changed).is(412);
        assert_eq!(subject_of(server, 1), Value::Null);
    });
}

#[test]
fn no_comment_is_left_on_what_is_deleted_at_the_same_moment() {
    on_each_database(|server| {
        fill(server);
        for round in 100..130_i64 {
            create(server, "photos", round, &json!({"title": "x"}), &json!({}));
            let id = round.to_string();
            let tag = server.get("/comments/4", &[]).tag();
            let body =
                json!({"data": {"type": "comments", "id": "4", "relationships": about("photos", &id)}})
                    .to_string();
            thread::scope(|scope| {
                let link = scope.spawn(|| {
                    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag.as_str())];
                    server.send("PATCH", "/comments/4", &fields, &body).status
                });
                let rate = scope.spawn(|| {
                    let document = json!({"data": {"type": "ratings", "attributes": {"stars": 3},
                        "relationships": about("photos", &id)}});
                    server.write("POST", "/ratings", &document).status
                });
                let delete =
                    scope.spawn(|| server.write("DELETE", &format!("/photos/{id}"), &Value::Null).status);
                assert!([200, 404].contains(&link.join().unwrap()));
                assert!([201, 404].contains(&rate.join().unwrap()));
                assert_eq!(delete.join().unwrap(), 204);
            });
            assert_eq!(subject_of(server, 4), Value::Null, "{round}");
            let left = server.get(&format!("/ratings?filter[subject.photos]={id}"), &[]).is(200).json();
            assert_eq!(ids(&left), Vec::<String>::new(), "{round}");
        }
    });
}

/// To many resources of several types, over a join table.
mod many {
    use etag_fairing::ToManyOf;

    use super::*;

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "tags", etag)]
    struct Tag {
        #[jsonapi(id)]
        id: i64,
        name: String,
        #[jsonapi(relationship, through = "taggables", stored_types(Song = "App\\Models\\Song"))]
        taggable: ToManyOf<(Song, Clip)>,
    }

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "songs", etag)]
    struct Song {
        #[jsonapi(id)]
        id: i64,
        title: String,
        #[jsonapi(
            relationship,
            through = "taggables",
            owner_column = "taggable_id",
            type_column = "taggable_type",
            stored_type = "App\\Models\\Song"
        )]
        tags: ToMany<Tag>,
    }

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "clips", etag)]
    struct Clip {
        #[jsonapi(id)]
        id: i64,
        title: String,
        #[jsonapi(
            relationship,
            through = "taggables",
            owner_column = "taggable_id",
            type_column = "taggable_type"
        )]
        tags: ToMany<Tag>,
    }

    fn start(url: &str) -> Server {
        let toml = format!(
            "[default]\netag = {{ enabled = true }}\n[default.databases.api]\nurl = '{url}'\nread_timeout = 60\n\
             [default.jsonapi]\nclient_ids = true\npage_size = 3"
        );
        Server::start(&toml, |rocket| {
            let routes = [Tag::routes(), Song::routes(), Clip::routes()].concat();
            rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/", routes)
        })
    }

    fn on_each_database(test: impl Fn(&Server)) {
        let filled = |server: Server| {
            for id in 1..=3 {
                create(&server, "songs", id, &json!({"title": format!("song {id}")}), &json!({}));
                create(&server, "clips", id, &json!({"title": format!("clip {id}")}), &json!({}));
            }
            let taggable = json!({"taggable": {"data": list(&[("clips", 1), ("songs", 1), ("songs", 2)])}});
            create(&server, "tags", 1, &json!({"name": "new"}), &taggable);
            test(&server);
        };
        filled(start("sqlite::memory:"));
        #[cfg(feature = "postgres")]
        if let Some(database) = postgres_server::Database::provide() {
            filled(start(database.url()));
        }
    }

    fn list(identifiers: &[(&str, i64)]) -> Value {
        identifiers.iter().map(|(kind, id)| identifier(kind, &id.to_string())).collect()
    }

    fn linkage(server: &Server, url: &str) -> Value {
        server.get(url, &[]).is(200).json()["data"].clone()
    }

    const OWN: &str = "/tags/1/relationships/taggable";

    fn changed(server: &Server, document: &Value, etag: &str) -> Answer {
        let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", etag)];
        server.send("PATCH", "/tags/1", &fields, &document.to_string())
    }

    #[test]
    fn linkage_has_the_types_and_changes_at_its_own_url() {
        on_each_database(|server| {
            let first = list(&[("songs", 1), ("songs", 2), ("clips", 1)]);
            let tag = server.get("/tags/1", &[]).is(200).json();
            assert_eq!(tag["data"]["relationships"]["taggable"]["data"], first);
            assert_eq!(linkage(server, OWN), first);
            let change = |method: &str, data: Value| server.write(method, OWN, &json!({"data": data}));
            change("POST", list(&[("clips", 2), ("songs", 1)])).is(200);
            assert_eq!(linkage(server, OWN), list(&[("songs", 1), ("songs", 2), ("clips", 1), ("clips", 2)]));
            change("DELETE", list(&[("songs", 2), ("clips", 3), ("clips", 1)])).is(200);
            assert_eq!(linkage(server, OWN), list(&[("songs", 1), ("clips", 2)]));
            change("PATCH", list(&[("songs", 3), ("clips", 3)])).is(200);
            assert_eq!(linkage(server, OWN), list(&[("songs", 3), ("clips", 3)]));
            change("PATCH", json!([])).is(200);
            assert_eq!(linkage(server, OWN), json!([]));
            // From the other side.
            server
                .write("POST", "/songs/2/relationships/tags", &json!({"data": list(&[("tags", 1)])}))
                .is(200);
            server
                .write("POST", "/clips/2/relationships/tags", &json!({"data": list(&[("tags", 1)])}))
                .is(200);
            assert_eq!(linkage(server, OWN), list(&[("songs", 2), ("clips", 2)]));
            assert_eq!(linkage(server, "/songs/2/relationships/tags"), list(&[("tags", 1)]));
            assert_eq!(linkage(server, "/songs/1/relationships/tags"), json!([]));
            // What is deleted is no longer linked.
            server.write("DELETE", "/songs/2", &Value::Null).is(204);
            assert_eq!(linkage(server, OWN), list(&[("clips", 2)]));
        });
    }

    #[test]
    fn a_tag_of_the_resource_covers_all_its_types() {
        on_each_database(|server| {
            let tag = server.get("/tags/1", &[]).is(200);
            let etag = tag.tag();
            server
                .write("POST", "/clips/3/relationships/tags", &json!({"data": list(&[("tags", 1)])}))
                .is(200);
            let patch = json!({"data": {"type": "tags", "id": "1", "attributes": {"name": "old"}}});
            changed(server, &patch, &etag).is(412);
            // Written back as it was read, and then with other links.
            let tag = server.get("/tags/1", &[]).is(200);
            let etag = tag.tag();
            let back = json!({"data": {"type": "tags", "id": "1", "relationships": {"taggable": {
                "data": list(&[("clips", 3), ("songs", 1)])}}}});
            let now = changed(server, &back, &etag).is(200).json();
            let shown = &now["data"]["relationships"]["taggable"]["data"];
            assert_eq!(*shown, list(&[("songs", 1), ("clips", 3)]));
        });
    }

    #[test]
    fn the_related_url_lists_type_after_type_in_pages() {
        on_each_database(|server| {
            let all = list(&[("songs", 1), ("songs", 2), ("songs", 3), ("clips", 1), ("clips", 2)]);
            server.write("PATCH", OWN, &json!({"data": all})).is(200);
            let shown = |url: &str| {
                let page = server.get(url, &[]).is(200).json();
                let ids = page["data"].as_array().expect("a list").iter();
                let ids = ids.map(|one| {
                    assert!(one["attributes"]["title"].is_string(), "{one}");
                    json!({"type": one["type"], "id": one["id"]})
                });
                (ids.collect::<Value>(), page)
            };
            let (ids, page) = shown("/tags/1/taggable?page[totals]");
            assert_eq!(ids, list(&[("songs", 1), ("songs", 2), ("songs", 3)]));
            assert_eq!(page["meta"]["count"], 5);
            let next = page["links"]["next"].as_str().expect("a next page").to_owned();
            let (ids, page) = shown(&next);
            assert_eq!((ids, &page["links"]["next"]), (list(&[("clips", 1), ("clips", 2)]), &Value::Null));
            let (ids, _) = shown("/tags/1/taggable?page[offset]=2&page[limit]=2");
            assert_eq!(ids, list(&[("songs", 3), ("clips", 1)]));
            let (ids, _) =
                shown("/tags/1/taggable?filter[title][endswith]=2&fields[songs]=title&fields[clips]=title");
            assert_eq!(ids, list(&[("songs", 2), ("clips", 2)]));
            for query in ["sort=title", "include=tags", "page[size]=2&page[after]=x"] {
                server.get(&format!("/tags/1/taggable?{query}"), &[]).is(400);
            }
            server.get("/tags/9/taggable", &[]).is(404);
        });
    }

    #[test]
    fn include_counts_and_filters_go_over_each_type() {
        on_each_database(|server| {
            let found = server.get("/tags?include=taggable&withCount=taggable", &[]).is(200).json();
            let included: Vec<&Value> = found["included"].as_array().expect("a list").iter().collect();
            assert_eq!(included.len(), 3, "{found}");
            assert_eq!(found["data"][0]["relationships"]["taggable"]["meta"]["count"], 3);
            let whole = server.get(&format!("{OWN}?include=taggable"), &[]).is(200).json();
            assert_eq!(whole["included"].as_array().map(Vec::len), Some(3), "{whole}");
            server.get(&format!("{OWN}?page[size]=1"), &[]).is(400);
            create(
                server,
                "tags",
                2,
                &json!({"name": "songs"}),
                &json!({"taggable": {"data": list(&[("songs", 3)])}}),
            );
            create(server, "tags", 3, &json!({"name": "none"}), &json!({}));
            for (filter, expected) in [
                ("filter[taggable][type]=clips", vec!["1"]),
                ("filter[taggable][type]=songs", vec!["1", "2"]),
                ("filter[taggable.songs.title]=song 3", vec!["2"]),
                ("filter[taggable.clips]=1", vec!["1"]),
                ("filter[taggable.songs][count][ge]=2", vec!["1"]),
                ("filter[taggable][has]=false", vec!["3"]),
            ] {
                let found = server.get(&format!("/tags?{}", filter.replace(' ', "%20")), &[]).is(200).json();
                assert_eq!(ids(&found), expected, "{filter}");
            }
        });
    }

    #[test]
    fn what_leads_nowhere_is_named_where_it_stands() {
        on_each_database(|server| {
            let post = |data: Value| server.write("POST", OWN, &json!({"data": data}));
            let missing = post(list(&[("songs", 1), ("clips", 9), ("songs", 9)])).is(404).json();
            assert_eq!(missing["errors"][0]["source"]["pointer"], "/data/2/id", "{missing}");
            let missing = post(list(&[("songs", 1), ("clips", 9)])).is(404).json();
            assert_eq!(missing["errors"][0]["source"]["pointer"], "/data/1/id", "{missing}");
            let other = post(list(&[("songs", 1), ("tags", 1)])).is(409).json();
            assert_eq!(other["errors"][0]["source"]["pointer"], "/data/1/type", "{other}");
            post(json!(null)).is(400);
            post(json!([{"id": "1"}])).is(400);
        });
    }
}
