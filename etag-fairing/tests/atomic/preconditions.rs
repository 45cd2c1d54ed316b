//! Preconditions of operations.

use serde_json::json;

use crate::world::{on_both, pointers};

#[test]
fn a_stale_tag_is_412_with_the_current_one() {
    on_both(|world| {
        let (one, other) = (world.talk("one"), world.talk("other"));
        let url = |id: &str| format!("/v1/talks/{id}");
        let stale = world.tag(&url(&one));
        let change = |id: &str, tag: &str, title: &str| {
            json!({ "op": "update", "meta": { "ifMatch": tag },
                    "data": { "type": "talks", "id": id, "attributes": { "title": title } } })
        };
        let made = world.make(&json!([change(&one, &stale, "new")]));
        let now = world.tag(&url(&one));
        assert_eq!(made[0]["data"]["meta"]["etag"], now);
        let errors = world.refuse(
            412,
            &json!([change(&other, &world.tag(&url(&other)), "changed"), change(&one, &stale, "lost"),]),
        );
        assert_eq!(pointers(&errors), ["/atomic:operations/1"]);
        assert_eq!(errors[0]["meta"]["etag"], now);
        let both = json!([change(&one, &now, "a"), change(&one, &now, "b")]);
        let errors = world.refuse(400, &both);
        assert_eq!(pointers(&errors), ["/atomic:operations/1"]);
        assert_eq!(errors[0]["code"], "invalid_precondition");
    });
}
