use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "speakers", computed)]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms", computed(name = Self::name, size, big = 1, r#type = Self::name, seats = a, seats = b))]
struct Room {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

fn main() {}
