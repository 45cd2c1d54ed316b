//! What has no columns of its own.

use etag_fairing::JsonApiResource;
use serde::{Deserialize, Serialize};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    theme: String,
    size: i64,
}

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "users")]
struct User {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(json)]
    settings: Settings,
}

#[test]
fn is_found_by_its_path() {
    on_each(
        || application().mount("/v1", User::routes()),
        |client| {
            let user = |id, theme: &str, size| User { id, settings: Settings { theme: theme.into(), size } };
            client.seed(&user(1, "dark", 12));
            client.seed(&user(2, "light", 9));
            let found = client.get("/v1/users?filter[settings.theme]=dark").send().expect(200);
            assert_eq!(found.many::<User>(), [user(1, "dark", 12)]);
            assert_eq!(client.get("/v1/users?filter[settings.size][lt]=10").send().expect(200).ids(), ["2"]);
        },
    );
}
