//! What happens to what refers to a deleted resource.

use etag_fairing::resource::ResourceId;
use etag_fairing::{JsonApiResource, ToOne};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "folders")]
struct Folder {
    #[jsonapi(id)]
    id: i64,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "files")]
struct File {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, on_delete = "cascade")]
    folder: ToOne<Folder>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "shares")]
struct Share {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, on_delete = "restrict")]
    folder: ToOne<Folder>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes")]
struct Note {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, on_delete = "set_null")]
    folder: ToOne<Folder>,
}

#[test]
fn is_for_the_relationship_to_say() {
    on_each(
        || {
            let routes = [Folder::routes(), File::routes(), Share::routes(), Note::routes()].concat();
            application().mount("/v1", routes)
        },
        |client| {
            let to = |id| ToOne::to(ResourceId::Integer(id));
            for id in [1, 2] {
                client.seed(&Folder { id });
                client.seed(&File { id, folder: to(id) });
                client.seed(&Note { id, folder: to(id) });
            }
            client.seed(&Share { id: 1, folder: to(2) });
            client.delete("/v1/folders/1").send().expect(204);
            client.delete("/v1/folders/2").send().expect(409);
            assert_eq!(client.get("/v1/files").send().expect(200).ids(), ["2"]);
            assert_eq!(client.get("/v1/notes/1").send().expect(200).one::<Note>().folder.id(), None);
        },
    );
}
