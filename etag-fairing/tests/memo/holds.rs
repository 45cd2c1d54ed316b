//! What is answered from the memo, for whom, and how much of it there is.

use etag_fairing::Statistics;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;

use super::newspaper::{Database, JSON_API, Node, URLS};

fn counts(node: &Node) -> (u64, u64, u64, u64) {
    let statistics = node.statistics();
    (statistics.memo_hits(), statistics.memo_misses(), statistics.memo_stale(), statistics.digests())
}

#[test]
fn a_body_is_made_and_hashed_once() {
    let database = Database::new();
    let node = database.node("64 MiB");
    for (number, url) in URLS.iter().enumerate() {
        let (_, misses, _, _) = counts(&node);
        let first = node.get(url, &[]);
        let (hits, after, _, digests) = counts(&node);
        assert_eq!((after, hits), (misses + 1, 3 * number as u64), "{url}");
        assert_eq!(node.get(url, &[]), first, "{url}");
        let tag = first.tag.expect("a tag");
        let saved = node.statistics().bytes_saved();
        let again = node.get_again(url, &tag);
        assert_eq!(
            (again.status, again.tag, again.body),
            (Status::NotModified, Some(tag), String::new()),
            "{url}"
        );
        assert_eq!(node.statistics().bytes_saved() - saved, first.body.len() as u64, "{url}");
        // Another tag: the body, from the memo too.
        let other = node.get_again(url, "\"other\"");
        assert_eq!((other.status, other.body), (Status::Ok, first.body), "{url}");
        assert_eq!(counts(&node), (hits + 3, after, 0, digests), "{url}");
    }
}

#[test]
fn what_has_changed_is_made_again_once() {
    let database = Database::new();
    let node = database.node("64 MiB");
    node.get("/articles/1", &[]);
    database.outside().execute_batch("UPDATE articles SET title = 'x' WHERE id = 1").expect("a change");
    assert!(node.get("/articles/1", &[]).body.contains("\"x\""));
    assert_eq!((counts(&node).1, counts(&node).2), (1, 1));
    // A change to what the answer isn't made of.
    database.outside().execute_batch("UPDATE comments SET text = 'x'").expect("a change");
    node.get("/articles/1", &[]);
    assert_eq!((counts(&node).0, counts(&node).2), (1, 1));
}

#[test]
fn switched_off_nothing_is_remembered() {
    let database = Database::new();
    for settings in
        [&[("etag.memo", "0")][..], &[("etag.enabled", "false")], &[("databases.api.revisions", "false")]]
    {
        let node = database.node_with(settings);
        for url in URLS {
            assert_eq!(node.get(url, &[]), node.get(url, &[]), "{url}");
        }
        assert_eq!((counts(&node).0, counts(&node).1), (0, 0), "{settings:?}");
    }
}

#[test]
fn the_launch_is_refused_where_the_limit_is_no_number_of_bytes() {
    let error = etag_fairing::config::EtagConfig::from_figment(&rocket::figment::Figment::from((
        "etag.memo",
        "much",
    )));
    let error = error.expect_err("no number of bytes").to_string();
    assert!(error.contains("a number of bytes") && error.contains("etag.memo"), "{error}");
}

#[test]
fn what_a_client_asks_for_wrongly_stays_wrong() {
    let database = Database::new();
    let node = database.node("64 MiB");
    let oracle = database.node("0");
    let tag = node.get("/articles", &[]).tag.expect("a tag");
    for (url, fields) in [
        ("/articles?sort=nothing", &[][..]),
        ("/articles?page[size]=1000", &[]),
        ("/articles", &[("Accept", "text/html")]),
        ("/articles", &[("Content-Type", "application/vnd.api+json;charset=utf-8")]),
        ("/articles/99", &[]),
        ("/articles/99/comments", &[]),
        ("/articles", &[("If-Match", "\"other\"")]),
        ("/articles?sort", &[]),
    ] {
        for _ in 0..3 {
            let mut fields = fields.to_vec();
            let (found, truth) = (node.get(url, &fields), oracle.get(url, &fields));
            assert_eq!(
                (found.status, found.media_type),
                (truth.status, truth.media_type),
                "{url} {fields:?}"
            );
            fields.push(("If-None-Match", &tag));
            assert_eq!(node.get(url, &fields).status, oracle.get(url, &fields).status, "{url} {fields:?}");
        }
    }
}

#[test]
fn the_profile_and_the_spelling_of_a_target_are_not_mixed_up() {
    let database = Database::new();
    let node = database.node("64 MiB");
    let oracle = database.node("0");
    let profile =
        "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"";
    for _ in 0..2 {
        for accept in [JSON_API, profile, "*/*"] {
            for url in [
                "/articles?page[size]=2",
                "/articles?page%5Bsize%5D=2",
                "/articles?page[size]=2&sort=title",
                "/articles?sort=title&page[size]=2",
                "/articles/",
                "/articles",
            ] {
                let fields = [("Accept", accept)];
                assert_eq!(node.get(url, &fields), oracle.get(url, &fields), "{url} {accept}");
            }
        }
    }
    assert!(counts(&node).0 >= 12);
}

#[test]
fn weak_tags_come_from_the_memo_too() {
    let database = Database::new();
    for accept in ["true", "false"] {
        let settings = [("etag.strength", "weak"), ("etag.accept_weakened", accept)];
        let node = database.node_with(&settings);
        let oracle = database.node_with(&[&settings[..], &[("etag.memo", "0")]].concat());
        let tag = node.get("/articles/1", &[]).tag.expect("a tag");
        assert!(tag.starts_with("W/\""), "{tag}");
        let strong = &tag[2..];
        for fields in [
            vec![("If-None-Match", tag.as_str())],
            vec![("If-None-Match", strong)],
            vec![("If-None-Match", "*")],
            vec![("If-Match", strong)],
            vec![("If-Match", &tag)],
            vec![("If-Match", &tag), ("If-None-Match", strong)],
            vec![("If-Match", "\"x\""), ("If-None-Match", strong)],
        ] {
            let (found, truth) = (node.get("/articles/1", &fields), oracle.get("/articles/1", &fields));
            assert_eq!(found, truth, "{fields:?}");
        }
        assert_eq!(counts(&node).1, 1);
    }
}

#[test]
fn a_304_from_the_memo_has_the_fields_of_one_without() {
    let database = Database::new();
    let fields = |node: &Node, coding: &'static str| {
        let tag = node.get("/articles", &[]).tag.expect("a tag");
        let request = node.0.get("/articles").header(Header::new("If-None-Match", tag));
        let response = request.header(Header::new("Accept-Encoding", coding)).dispatch();
        assert_eq!(response.status(), Status::NotModified);
        let mut fields: Vec<_> = response
            .headers()
            .iter()
            .map(|field| (field.name().to_string().to_lowercase(), field.value().to_owned()))
            .collect();
        fields.sort();
        fields
    };
    let (node, oracle) = (database.node("64 MiB"), database.node("0"));
    // With a coding that the client takes, the fairing decides; without, the memo.
    for coding in ["identity", "gzip, br"] {
        assert_eq!(fields(&node, coding), fields(&oracle, coding), "{coding}");
    }
}

/// What many get who ask for one thing at the same time.
async fn at_once(client: &Client, url: &str) -> Vec<Option<String>> {
    let ask = async || client.get(url.to_owned()).dispatch().await.into_string().await;
    rocket::futures::future::join_all((0..8).map(|_| ask())).await
}

#[test]
fn of_many_who_ask_at_once_one_makes_the_answer() {
    let database = Database::new();
    let url = "/articles?include=author,comments,tags&sort=author.name";
    rocket::async_test(async {
        let client = Client::untracked(database.application(&[])).await.expect("a rocket");
        let digests = || client.rocket().state::<Statistics>().map_or(0, Statistics::digests);
        for round in 1..=20 {
            let before = digests();
            let answers = at_once(&client, url).await;
            assert!(answers.windows(2).all(|two| two[0].is_some() && two[0] == two[1]), "{answers:?}");
            assert_eq!(digests(), before + 1, "round {round}");
            let change = format!("UPDATE articles SET title = 'round {round}' WHERE id = 2");
            database.outside().execute_batch(&change).expect("a change");
        }
    });
}

#[test]
fn what_is_larger_than_the_memo_takes_is_answered_all_the_same() {
    let database = Database::new();
    let node = database.node("4 KiB");
    let oracle = database.node("0");
    for _ in 0..3 {
        for url in URLS {
            assert_eq!(node.get(url, &[]), oracle.get(url, &[]), "{url}");
        }
    }
    let truth = Some(oracle.get("/articles", &[]).body);
    rocket::async_test(async {
        let client =
            Client::untracked(database.application(&[("etag.memo", "4 KiB")])).await.expect("a rocket");
        assert!(at_once(&client, "/articles").await.iter().all(|answer| *answer == truth));
    });
}
