use etag_fairing::{JsonApiResource, ToMany, ToOne, ToOneOf};

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
    subject: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship)]
    one: ToOneOf<Photo>,
    #[jsonapi(relationship)]
    single: ToOneOf<(Photo,)>,
    #[jsonapi(relationship)]
    same: ToOneOf<(Photo, Photo)>,
    #[jsonapi(relationship)]
    optional: Option<ToOneOf<(Photo, Video)>>,
    #[jsonapi(relationship, through = "subjects")]
    joined: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, column = "id")]
    column: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, column = "a", type_column = "A")]
    both: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, stored_types(Foto = "Photo"))]
    unknown: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, stored_types(Photo = "x", Video = "x"))]
    alike: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, stored_types(Photo = "x", Photo = "y"))]
    twice: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, stored_types(Photo = ""))]
    empty: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, stored_types(Photo))]
    flag: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, stored_types = "Photo")]
    assigned: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, required, on_delete = "set_null")]
    required: ToOneOf<(Photo, Video)>,
    #[jsonapi(relationship, type_column = "kind")]
    plain: ToOne<Photo>,
    #[jsonapi(relationship, inverse = "x", stored_types(Photo = "x"))]
    many: ToMany<Photo>,
    #[jsonapi(type_column = "kind")]
    title: String,
    #[jsonapi(relationship)]
    several: ToManyOf<(Photo, Video)>,
    #[jsonapi(relationship)]
    none: ToOneOf<(Photo, String)>,
}

fn main() {}
