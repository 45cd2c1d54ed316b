//! The first few of what is included, of each owner.

use etag_fairing::{JsonApiResource, ToMany, ToOne};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "articles")]
struct Article {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "article")]
    revisions: ToMany<Revision>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "revisions")]
struct Revision {
    #[jsonapi(id)]
    id: i64,
    number: i64,
    minor: bool,
    #[jsonapi(relationship)]
    article: ToOne<Article>,
}

#[test]
fn include_the_last_of_each() {
    on_each(
        || application().mount("/v1", [Article::routes(), Revision::routes()].concat()),
        |client| {
            for id in 1..=2 {
                client.seed(&Article { id, revisions: ToMany::unread() });
                for number in 1..=4 {
                    let minor = number == 4;
                    client.seed(&Revision { id: 10 * id + number, number, minor, article: ToOne::to(id) });
                }
            }
            let last = "/v1/articles?include=revisions&page[revisions][size]=2&sort[revisions]=-number";
            let last = client.get(last).send().expect(200);
            // What is included stands in no order of its own: the linkage has it.
            let linkage = last.resources().iter().map(|it| it.related_ids("revisions")).collect::<Vec<_>>();
            assert_eq!(linkage, [["14", "13"], ["24", "23"]]);
            assert_eq!(last.included::<Revision>().len(), 4);
            let major = "/v1/articles/1?include=revisions&filterIncluded[revisions][minor]=false";
            let major = client.get(major).send().expect(200);
            assert_eq!(major.included::<Revision>().len(), 3);
        },
    );
}
