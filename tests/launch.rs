//! The example starts from any folder, with and without a `Rocket.toml`.

mod support;

use support::Launch;

#[test]
fn it_starts_in_an_empty_folder() {
    let server = Launch::new().start();
    assert_eq!(server.connect().get("/nowhere", &[]).status, 404);
}
