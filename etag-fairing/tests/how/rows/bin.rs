//! To see and restore what was deleted softly.

use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "files", soft_delete = "deleted_at")]
struct File {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

/// The same table with all rows. Give it a guard.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "stored-files", table = "files")]
struct StoredFile {
    #[jsonapi(id)]
    id: i64,
    deleted_at: Option<DateTime<Utc>>,
}

#[test]
fn is_a_second_struct() {
    on_each(
        || application().mount("/v1", File::routes()).mount("/v1", StoredFile::routes()),
        |client| {
            client.seed(&File { id: 1, name: "x".into() });
            client.delete("/v1/files/1").send().expect(204);
            let bin = client.get("/v1/stored-files?filter[deletedAt][is_null]=false").send().expect(200);
            assert!(bin.many::<StoredFile>()[0].deleted_at.is_some());
            let restored = Document::new("stored-files").id(1).attribute("deletedAt", ());
            client.patch("/v1/stored-files/1").document(&restored).send().expect(200);
            assert_eq!(client.get("/v1/files/1").send().expect(200).one::<File>().name, "x");
        },
    );
}
