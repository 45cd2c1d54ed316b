use etag_fairing::resource::{Columns, RelationshipKind, TypedEnd};
use etag_fairing::{JsonApiResource, ToMany, ToManyOf, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "seats", id(row, number))]
struct Seat {
    row: String,
    number: i64,
    #[jsonapi(relationship, through = "marks", owner_columns("row", "number"), target_column = "mark")]
    marks: ToMany<Ticket>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tickets")]
struct Ticket {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, columns("seat_row", "seat_number"))]
    seat: ToOne<Seat>,
    #[jsonapi(relationship, through = "things", stored_types(Seat = "S"))]
    thing: ToManyOf<(Self, Seat)>,
}

fn main() {
    let [seat, first, second] = Ticket::description().relationships else { panic!("three") };
    assert_eq!(seat.columns(), Some(Columns::several(&["seat_row", "seat_number"])));
    assert!(first.is_polymorphic() && first.is_to_many() && first.is_member() && !second.is_member());
    assert_eq!((first.stored_type(), second.stored_type()), (Some("tickets"), Some("S")));
    let RelationshipKind::Through { owner_columns, typed: None, .. } = Seat::description().relationships[0].kind
    else {
        panic!("a join table without types")
    };
    assert_eq!(owner_columns, Columns::several(&["row", "number"]));
    let RelationshipKind::Through { target_columns, typed: Some(TypedEnd::Target { type_column, .. }), .. } =
        second.kind
    else {
        panic!("one of several types")
    };
    assert_eq!((target_columns, type_column), (Columns::one("thing_id"), "thing_type"));
}
