//! A type with rules of its own.

use etag_fairing::JsonApiResource;
use etag_fairing::resource::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};
use etag_fairing::testing::Document;

use crate::applications::{application, on_each};

/// A country by its two letters.
#[derive(Clone, Debug, PartialEq)]
struct Country([u8; 2]);

impl AttributeType for Country {
    type Field = Self;

    const KIND: Kind = Kind::Text;

    fn from_json(json: &serde_json::Value) -> Result<Self, Mismatch> {
        let letters: Option<[u8; 2]> = json.as_str().and_then(|text| text.as_bytes().try_into().ok());
        match letters {
            Some(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(Mismatch::new("a country such as \"TR\"")),
        }
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        let ValueRef::Text(text) = value else { return Err(Corrupt::expected("a country", value)) };
        Self::from_json(&text.into()).map_err(|_| Corrupt::new(format!("{text:?} is no country")))
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Ok(Value::Text(String::from_utf8_lossy(&field.0).into_owned()))
    }
}

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "speakers")]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    country: Country,
}

#[test]
fn is_an_attribute() {
    on_each(
        || application().mount("/v1", Speaker::routes()),
        |client| {
            client.seed(&Speaker { id: 1, country: Country(*b"JM") });
            let found = client.get("/v1/speakers?filter[country]=JM").send().expect(200);
            assert_eq!(found.many::<Speaker>(), [Speaker { id: 1, country: Country(*b"JM") }]);
            let wrong = Document::new("speakers").attribute("country", "Jamaica");
            let refused = client.post("/v1/speakers").document(&wrong).send().expect(422);
            assert!(refused.text().contains("country must be a country such as"), "{refused}");
        },
    );
}
