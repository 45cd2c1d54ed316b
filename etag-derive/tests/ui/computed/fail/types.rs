use etag_fairing::JsonApiResource;

struct Money;

#[derive(JsonApiResource)]
#[jsonapi(type = "speakers", computed(fee = Self::fee, name = Self::name))]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
}

impl Speaker {
    fn fee(&self) -> Money {
        Money
    }

    fn name(&self, _: bool) -> String {
        String::new()
    }
}

fn main() {}
