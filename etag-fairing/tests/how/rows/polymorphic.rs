//! A relationship that leads to one of several types.

use etag_fairing::{JsonApiResource, ToMany, ToOne, ToOneOf};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "comments")]
struct Comment {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    subject: ToOneOf<(Photo, Video)>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "photos")]
struct Photo {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship, inverse = "subject")]
    comments: ToMany<Comment>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "videos")]
struct Video {
    #[jsonapi(id)]
    id: i64,
    seconds: i64,
}

#[test]
fn leads_to_each_of_its_types() {
    on_each(
        || application().mount("/v1", [Comment::routes(), Photo::routes(), Video::routes()].concat()),
        |client| {
            client.seed(&Photo { id: 7, title: "Sea".into(), comments: ToMany::unread() });
            client.seed(&Video { id: 7, seconds: 90 });
            client.seed(&Comment { id: 1, subject: ToOneOf::of(ToOne::<Photo>::to(7)) });
            client.seed(&Comment { id: 2, subject: ToOneOf::of(ToOne::<Video>::to(7)) });
            let all = client.get("/v1/comments?include=subject").send().expect(200);
            assert_eq!((all.included::<Photo>().len(), all.included::<Video>()[0].seconds), (1, 90));
            let ids = |query: &str| client.get(format!("/v1/comments?{query}")).send().expect(200).ids();
            assert_eq!(ids("filter[subject][type]=videos"), ["2"]);
            assert_eq!(ids("filter[subject.photos.title]=Sea"), ["1"]);
            assert_eq!(client.get("/v1/photos/7/comments").send().expect(200).ids(), ["1"]);
        },
    );
}
