use etag_fairing::{JsonApiResource, ToOne, ToOneOf};

#[derive(JsonApiResource)]
#[jsonapi(type = "photos")]
struct Photo {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "videos")]
struct Video {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "comments")]
struct Comment {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    subject: ToOneOf<(Photo, String)>,
}

fn main() {
    let _: ToOneOf<(Photo, Video)> = ToOneOf::of(ToOne::<Comment>::empty());
}
