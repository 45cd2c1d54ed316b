//! Changes by chance, from every side: after each, each answer that was remembered equals the one without a memo.

use super::newspaper::{Database, Node, URLS};

/// Numbers by chance (xorshift), the same in each run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).expect("an index")]
    }
}

/// What only one database has, about an article, in a step.
pub(crate) type Own = fn(u64, u64) -> String;

fn by_sql(chance: &mut Chance, step: u64, own: Own) -> String {
    let (article, person) = (chance.below(5) + 1, chance.below(3) + 1);
    let tag = *chance.one_of(&["news", "sport", "other"]);
    match chance.below(15) {
        0 => format!("UPDATE articles SET title = '{}' WHERE id = {article}", chance.below(4)),
        1 => format!(
            "INSERT INTO articles (id, title, comment_count, author_id)
                VALUES ({article}, 'r{step}', 0, (SELECT min(id) FROM people))
             ON CONFLICT (id) DO UPDATE SET title = excluded.title, author_id = excluded.author_id"
        ),
        2 => format!("DELETE FROM articles WHERE id = {article}"),
        3 => format!("INSERT INTO people (id, name) VALUES ({person}, 'Ann') ON CONFLICT DO NOTHING"),
        4 => format!("UPDATE people SET name = 'p{}' WHERE id = {person}", chance.below(3)),
        5 => format!("DELETE FROM people WHERE id = {person}"),
        6 => format!("INSERT INTO tags (id, label) VALUES ('{tag}', 'News') ON CONFLICT DO NOTHING"),
        7 => format!("DELETE FROM tags WHERE id = '{tag}'"),
        8 => format!(
            "INSERT INTO article_tags (article_id, tag_id)
                SELECT a.id, t.id FROM articles a, tags t WHERE a.id = {article} ON CONFLICT DO NOTHING"
        ),
        9 => format!("DELETE FROM article_tags WHERE article_id = {article}"),
        10 => format!(
            "INSERT INTO comments (text, article_id) SELECT 'first', id FROM articles WHERE id = {article}"
        ),
        11 => format!(
            "UPDATE comments SET text = 't{}', article_id = (SELECT min(id) FROM articles)",
            chance.below(3)
        ),
        12 => "DELETE FROM comments WHERE id = (SELECT max(id) FROM comments)".into(),
        13 => format!("UPDATE articles SET author_id = (SELECT max(id) FROM people) WHERE id = {article}"),
        _ => own(article, step),
    }
}

/// Some of these are refused, which changes nothing.
fn by_http(chance: &mut Chance, node: &Node, step: u64) {
    let (article, person) = (chance.below(5) + 1, chance.below(3) + 1);
    let tag = *chance.one_of(&["news", "sport"]);
    let identifier = |kind: &str, id: &str| format!(r#"{{"type":"{kind}","id":"{id}"}}"#);
    let author = identifier("people", &person.to_string());
    let tags = format!(r#"{{"data":[{}]}}"#, identifier("tags", tag));
    let linkage = format!("/articles/{article}/relationships/tags");
    let (method, url, document) = match chance.below(8) {
        0 => (
            "PATCH",
            format!("/articles/{article}"),
            format!(
                r#"{{"data":{{"type":"articles","id":"{article}","attributes":{{"title":"h{}"}}}}}}"#,
                chance.below(3)
            ),
        ),
        1 => (
            "POST",
            "/articles".into(),
            format!(
                r#"{{"data":{{"type":"articles","attributes":{{"title":"h{step}"}},"relationships":{{"author":{{"data":{author}}}}}}}}}"#
            ),
        ),
        2 => (
            "POST",
            "/comments".into(),
            format!(
                r#"{{"data":{{"type":"comments","attributes":{{"text":"first"}},"relationships":{{"article":{{"data":{{"type":"articles","id":"{article}"}}}}}}}}}}"#
            ),
        ),
        3 => ("POST", linkage, tags),
        4 => ("DELETE", linkage, tags),
        5 => ("PATCH", linkage, tags),
        6 => {
            ("PATCH", format!("/articles/{article}/relationships/author"), format!(r#"{{"data":{author}}}"#))
        }
        _ => (
            "DELETE",
            (*chance.one_of(&["/articles/6", "/articles/2", "/people/2", "/tags/sport"])).into(),
            String::new(),
        ),
    };
    let status = node.write(method, &url, &document);
    assert!(status.code < 500, "{method} {url} {document}: {status}");
}

#[test]
fn after_each_of_ten_thousand_changes_what_is_remembered_is_what_is() {
    steps(&Database::new(), 5, |article, step| {
        // The row goes and comes again.
        format!("REPLACE INTO articles (id, title, comment_count) VALUES ({article}, 'n{step}', 0)")
    });
}

/// Pages that share a total.
const COUNTED: [&str; 10] = [
    "/articles?page[size]=1&page[totals]&page[number]=2",
    "/articles?page[size]=2&page[totals]&sort=-title&include=comments",
    "/articles?page[size]=1&page[totals]&filter[title][like]=%25a%25",
    "/articles?page[size]=2&page[totals]&filter[title][like]=%25a%25&sort=title",
    "/articles?page[size]=1&page[totals]&filter[comments.text]=first&include=author",
    "/articles?page[size]=1&page[totals]&filter[comments.text]=first&page[number]=2",
    "/articles?page[size]=1&page[totals]&filter[author.name]=Ann",
    "/articles?page[size]=3&page[totals]&filter[author.name]=Ann&sort=title",
    "/people/1/articles?page[size]=1&page[totals]",
    "/people/1/articles?page[size]=1&page[number]=2&page[totals]&include=tags",
];

/// So many steps; more of them, so many times, where `MEMO_TIMES` says so.
pub(crate) fn times(steps: u64) -> u64 {
    match std::env::var("MEMO_TIMES") {
        Ok(times) => steps * times.parse::<u64>().expect("MEMO_TIMES is a number"),
        Err(_) => steps,
    }
}

/// Ten thousand steps; after each so many URLs are asked for.
pub(crate) fn steps(database: &Database, at_a_time: usize, own: Own) {
    let all_steps = times(10_000);
    let nodes = ["64 MiB", "64 MiB"].map(|memo| database.node(memo));
    let oracle = database.node("0");
    let outside = database.somebody_else();
    let mut chance = Chance::new();
    let all: Vec<&str> = URLS.into_iter().chain(COUNTED).collect();
    let mut urls: Vec<&str> = Vec::new();
    let mut tags: Vec<Option<String>> = Vec::new();
    for step in 0..all_steps {
        // Few at a time, so that each is asked for after each change; others after a while, so that all are.
        if step % 100 == 0 {
            urls = (0..at_a_time).map(|_| *chance.one_of(&all)).collect();
            tags = urls.iter().map(|url| oracle.get(url, &[]).tag).collect();
        }
        match chance.below(4) {
            0 | 1 => outside.run(&by_sql(&mut chance, step, own)),
            2 => by_http(&mut chance, &nodes[0], step),
            // Nothing at all: what is remembered is used.
            _ if chance.below(2) == 0 => {}
            _ => by_http(&mut chance, &nodes[1], step),
        }
        let node = chance.one_of(&nodes);
        for (url, tag) in urls.iter().zip(&mut tags) {
            let truth = oracle.get(url, &[]);
            match std::mem::replace(tag, truth.tag.clone()) {
                Some(before) if truth.tag.as_ref() == Some(&before) => {
                    let again = node.get_again(url, &before);
                    assert_eq!((again.status.code, again.tag), (304, Some(before)), "step {step}: {url}");
                }
                Some(before) => assert_eq!(node.get_again(url, &before), truth, "step {step}: {url}"),
                None => {}
            }
            assert_eq!(node.get(url, &[]), truth, "step {step}: {url}");
        }
    }
    let sum = |count: fn(&etag_fairing::Statistics) -> u64| -> u64 {
        nodes.iter().map(|node| count(node.statistics())).sum()
    };
    let (hits, stale) = (sum(etag_fairing::Statistics::memo_hits), sum(etag_fairing::Statistics::memo_stale));
    println!("{all_steps} steps: {hits} hits, {stale} stale");
    assert!(hits > all_steps && stale > all_steps / 20, "{hits} hits, {stale} stale");
}
