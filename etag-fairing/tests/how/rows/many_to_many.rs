//! A join table.

use etag_fairing::resource::ResourceId;
use etag_fairing::{JsonApiResource, ToMany};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "talk_speakers")]
    speakers: ToMany<Speaker>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers")]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, through = "talk_speakers")]
    talks: ToMany<Talk>,
}

#[test]
fn is_a_join_table() {
    on_each(
        || application().mount("/v1", Talk::routes()).mount("/v1", Speaker::routes()),
        |client| {
            for (id, name) in [(1, "Ada"), (2, "Grace")] {
                client.seed(&Speaker { id, name: name.into(), talks: ToMany::unread() });
            }
            let speakers = ToMany::to(vec![ResourceId::Integer(1)]);
            client.seed(&Talk { id: 1, speakers });
            let more = serde_json::json!({ "data": [{ "type": "speakers", "id": "2" }] });
            client.post("/v1/talks/1/relationships/speakers").json(&more).send();
            let talk = client.get("/v1/talks/1?include=speakers").send().expect(200);
            assert_eq!(talk.resource().related_ids("speakers"), ["1", "2"]);
            assert_eq!(talk.included::<Speaker>()[1].name, "Grace");
            assert_eq!(client.get("/v1/talks?filter[speakers.name]=Grace").send().expect(200).ids(), ["1"]);
        },
    );
}
