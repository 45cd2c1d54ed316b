//! Pages by number that follow each other: read from where the one before has ended, and never other than by number.

use rocket::http::Status;
use rocket::local::asynchronous::Client;

use super::totals::{Server, on_each};

/// Numbers that are different each time, and the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

async fn body(client: &Client, url: &str) -> String {
    let response = client.get(url.to_owned()).dispatch().await;
    assert_eq!(response.status(), Status::Ok, "{url}");
    response.into_string().await.expect("a body")
}

const ROWS: &str = "WITH RECURSIVE n (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM n WHERE n < 1400) \
                    INSERT INTO articles (id, title, comment_count, author_id) \
                    SELECT n, 't' || (n * 7919 % 97), n % 13, CASE WHEN n % 3 = 0 THEN 1 END FROM n";

/// What somebody else changes: rows before a page, behind it, and other tables.
fn change(chance: &mut Chance, step: u64) -> String {
    let id = 10 + chance.below(1400);
    match chance.below(5) {
        0 => format!("UPDATE articles SET title = 't{}' WHERE id = {id}", chance.below(97)),
        1 => format!("DELETE FROM articles WHERE id = {id}"),
        2 => format!(
            "INSERT INTO articles (id, title, comment_count) VALUES ({}, 't{}', 1)",
            5_000 + step,
            chance.below(97)
        ),
        3 => format!("UPDATE articles SET comment_count = comment_count + 1 WHERE id < {id}"),
        _ => format!("UPDATE people SET name = 'p{step}' WHERE id = 1"),
    }
}

#[test]
fn what_follows_is_the_same_as_by_number_whatever_changes() {
    on_each(async |database| {
        let server = Server::over(database).await;
        let by_number = server.without_memo().await;
        server.change(ROWS).await;
        let lists = [
            "/articles?",
            "/articles?sort=title&",
            "/articles?sort=-title,commentCount&",
            "/articles?sort=-commentCount,title&include=author&",
            "/articles?sort=title&page[totals]&",
            "/articles?sort=-id&filter[commentCount][ge]=1&",
            "/articles?sort=author.name,title&",
            "/articles?sort=title&fields[articles]=commentCount&",
        ];
        let mut chance = Chance(20_271_129);
        let mut at = [20_u64; 8];
        for step in 0..160 {
            let which = usize::try_from(chance.below(8)).expect("a place");
            // Most clients go on; some go elsewhere.
            at[which] =
                if chance.below(5) == 0 || at[which] > 28 { 19 + chance.below(7) } else { at[which] + 1 };
            if chance.below(4) == 0 {
                server.change(&change(&mut chance, 2 * step)).await;
            }
            if chance.below(8) == 0 {
                server.between_of(change(&mut chance, 2 * step + 1));
            }
            let url = format!("{}page[size]=50&page[number]={}", lists[which], at[which]);
            let answered = body(&server.client, &url).await;
            assert_eq!(answered, body(&by_number, &url).await, "step {step}: {url}");
        }
        assert!(server.followed() >= 10, "{} pages were read from a place on", server.followed());
    });
}

#[test]
fn a_walk_reads_each_page_from_where_the_one_before_has_ended() {
    on_each(async |database| {
        let server = Server::over(database).await;
        server.change(ROWS).await;
        let page = |number| format!("/articles?sort=title&page[size]=50&page[number]={number}");
        for number in 20..25 {
            body(&server.client, &page(number)).await;
        }
        // The first one that is far in was read by number.
        assert_eq!(server.followed(), 4);
        // Near pages are read as they were, and so is what nothing comes before.
        body(&server.client, &page(3)).await;
        body(&server.client, &page(4)).await;
        body(&server.client, &page(27)).await;
        assert_eq!(server.followed(), 4);
        server.change("UPDATE articles SET title = 'a' WHERE id = 10").await;
        body(&server.client, &page(25)).await;
        assert_eq!(server.followed(), 4, "what was remembered is of an earlier state");
        body(&server.client, &page(26)).await;
        assert_eq!(server.followed(), 5);
        // What comes in between has the page read by number.
        server.between("DELETE FROM articles WHERE id = 10");
        body(&server.client, &page(27)).await;
        assert_eq!(server.followed(), 6);
        assert_eq!(
            body(&server.client, &page(27)).await,
            body(&server.without_memo().await, &page(27)).await
        );
    });
}
