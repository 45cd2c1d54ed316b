//! Small binary values in a document.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "icons")]
struct Icon {
    #[jsonapi(id)]
    id: i64,
    image: Vec<u8>,
}

#[test]
fn are_base64() {
    on_each(
        || application().mount("/v1", Icon::routes()),
        |client| {
            let icon = Icon { id: 1, image: b"hello".to_vec() };
            client.seed(&icon);
            let shown = client.get("/v1/icons/1").send().expect(200);
            assert_eq!(shown.resource().attribute("image"), "aGVsbG8=");
            assert_eq!(shown.one::<Icon>(), icon);
        },
    );
}
