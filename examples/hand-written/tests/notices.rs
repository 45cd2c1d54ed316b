//! The notice board by the client for tests: one test, one board, no socket.

use etag_fairing::testing::Client;
use hand_written::notice_board;
use rocket::figment::Figment;

fn client() -> Client {
    Client::new(notice_board(Figment::from(rocket::Config::debug_default())))
}

#[test]
fn read_revalidate_edit_read() {
    let client = client();
    let created = client.put("/notices/lunch").body("Lunch at noon").send().expect(201);
    let read = client.get("/notices/lunch").send().expect(200);
    assert_eq!((read.text(), read.tag()), ("Lunch at noon", created.tag()));
    client.get("/notices/lunch").if_none_match(read.tag()).send().expect(304);
    let list = client.get("/notices").send().expect(200);
    client.get("/notices").if_none_match(list.tag()).send().expect(304);

    let edited = client.put("/notices/lunch").if_match(read.tag()).body("Lunch at one").send().expect(200);
    let stale = client.put("/notices/lunch").if_match(read.tag()).body("Lunch at two").send();
    assert_eq!(stale.expect_error(412, "precondition_failed").tag(), edited.tag());
    let read = client.get("/notices/lunch").if_none_match(read.tag()).send().expect(200);
    assert_eq!((read.text(), read.tag()), ("Lunch at one", edited.tag()));

    client.delete("/notices/lunch").if_match(created.tag()).send().expect(412);
    client.delete("/notices/none").if_match(read.tag()).send().expect_error(404, "resource_not_found");
    client.delete("/notices/lunch").if_match(read.tag()).send().expect(204);
    client.get("/notices/lunch").send().expect(404);
}

#[test]
fn of_many_who_saw_the_same_one_wins() {
    let client = client();
    let seen = client.put("/notices/lunch").body("Lunch at noon").send().expect(201);
    let edit = |text: &str| client.put("/notices/lunch").if_match(seen.tag()).body(text);
    let race = client.race(["at one", "at two", "at three"].map(edit));
    assert_eq!(client.get("/notices/lunch").send().text(), race.won.text());
}

#[test]
fn of_many_who_create_one_does() {
    let client = client();
    let create = |text: &str| client.put("/notices/lunch").if_none_match("*").body(text);
    let race = client.race(["at one", "at two", "at three"].map(create));
    assert_eq!(race.won.status(), 201);
}

#[test]
fn the_front_page_is_a_file_that_is_downloaded_once() {
    let client = client();
    let first = client.get("/").send().expect(200);
    assert!(first.text().contains("Notice board"));
    client.get("/").if_none_match(first.tag()).send().expect(304);
}
