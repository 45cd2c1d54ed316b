use etag_fairing::{JsonApiResource, ToMany, ToOne, ToOneOf};

mod media {
    use etag_fairing::{JsonApiResource, ToMany};

    #[derive(JsonApiResource)]
    #[jsonapi(type = "photos")]
    pub struct Photo {
        #[jsonapi(id)]
        id: i64,
        #[jsonapi(relationship, inverse = "on")]
        comments: ToMany<super::Comment>,
    }
}

#[derive(JsonApiResource)]
#[jsonapi(type = "comments")]
pub struct Comment {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, on_delete = "cascade", column = "about", type_column = "about_kind",
        stored_types(Photo = "App\\Photo", Comment = "Comment"))]
    on: ToOneOf<(media::Photo, Self)>,
    #[jsonapi(relationship, inverse = "on")]
    replies: ToMany<Comment>,
}

fn main() {
    let on: ToOneOf<(media::Photo, Comment)> = ToOneOf::of(ToOne::<Comment>::empty());
    assert!(on.id_of::<media::Photo>().is_none());
    let description = Comment::description();
    assert_eq!(description.relationships.len(), 3);
    let types: Vec<_> = description.relationships.iter().map(|arm| arm.stored_type()).collect();
    assert_eq!(types, [Some("App\\Photo"), Some("Comment"), None]);
}
