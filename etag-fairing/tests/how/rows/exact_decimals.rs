//! Money passes through no float.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;
use rust_decimal::Decimal;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "prices")]
struct Price {
    #[jsonapi(id)]
    id: i64,
    amount: Decimal,
    #[jsonapi(number)]
    rate: Decimal,
}

#[test]
fn is_exact() {
    on_each(
        || application().mount("/v1", Price::routes()),
        |client| {
            let price = Price { id: 1, amount: "0.30".parse().unwrap(), rate: "0.19".parse().unwrap() };
            client.seed(&price);
            let shown = client.get("/v1/prices/1").send().expect(200);
            assert_eq!(shown.one::<Price>(), price);
            assert_eq!(shown.resource().attribute("amount"), "0.30");
            assert!(shown.text().contains(r#""rate":0.19"#), "{shown}");
            assert_eq!(client.get("/v1/prices?filter[amount]=0.3").send().expect(200).ids(), ["1"]);
            let float = Document::new("prices").attribute("amount", 0.1).attribute("rate", "1");
            client.post("/v1/prices").document(&float).send().expect_error_at(422, "/data/attributes/amount");
        },
    );
}
