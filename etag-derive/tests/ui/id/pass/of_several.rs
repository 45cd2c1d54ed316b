use etag_fairing::{JsonApiResource, ToMany, ToOne};
use etag_fairing::resource::{CompositeId, ResourceId};

#[derive(Debug, JsonApiResource)]
#[jsonapi(type = "orders")]
struct Order {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "order")]
    lines: ToMany<Line>,
}

#[derive(Debug, JsonApiResource)]
#[jsonapi(type = "lines", id(order, r#match, unit))]
struct Line {
    r#match: String,
    unit: uuid::Uuid,
    quantity: i64,
    #[jsonapi(relationship, required, on_delete = "cascade", column = "the_order")]
    order: ToOne<Order>,
    #[jsonapi(relationship)]
    follows: ToOne<Order>,
}

fn main() {
    let unit = uuid::Uuid::from_u128(7);
    let line = Line { r#match: "a~b".into(), unit, quantity: 1, order: ToOne::to(7), follows: ToOne::empty() };
    let record = line.to_record().unwrap();
    let parts = [ResourceId::Integer(7), "a~b".to_owned().into(), unit.into()];
    let id = ResourceId::Composite(CompositeId::new(parts));
    assert_eq!(record.id, Some(id.clone()));
    assert_eq!(id.to_string(), "7~a!~b~00000000-0000-0000-0000-000000000007");
    assert_eq!(Line::description().id.kind.parse(&id.to_string()), Some(id));
    let again = Line::from_record(&record).unwrap();
    assert_eq!((again.unit, again.r#match, again.order), (line.unit, line.r#match, line.order));
    let columns: Vec<_> = Line::description().key().iter().map(|part| part.column).collect();
    assert_eq!(columns, ["the_order", "match", "unit"]);
}
