use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(
    type = "speakers",
    rename_all = "kebab-case",
    computed(full_name = Self::full_name, initials = "Speaker::initials", is_anonymous = anonymous)
)]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

impl Speaker {
    fn full_name(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn initials(&self) -> String {
        self.name.chars().take(1).collect()
    }
}

fn anonymous(speaker: &Speaker) -> bool {
    speaker.name.is_empty()
}

fn main() {
    let _ = Speaker::routes();
}
