//! A DELETE that keeps the row.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "files", etag, soft_delete = "deleted_at")]
struct File {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

#[test]
fn is_a_deletion_for_clients() {
    on_each(
        || application().mount("/v1", File::routes()),
        |client| {
            for id in [1, 2] {
                client.seed(&File { id, name: "x".into() });
            }
            client.delete("/v1/files/1").if_match("\"old\"").send().expect(412);
            let tag = client.get("/v1/files/1").send().tag();
            client.delete("/v1/files/1").if_match(tag).send().expect(204);
            client.get("/v1/files/1").send().expect(404);
            assert_eq!(client.get("/v1/files").send().expect(200).ids(), ["2"]);
        },
    );
}
