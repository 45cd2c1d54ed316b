//! Each caller sees only its rows.

use etag_fairing::JsonApiResource;
use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::testing::Document;
use rocket::Request;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "invoices", etag, scope = own_invoices)]
struct Invoice {
    #[jsonapi(id)]
    id: i64,
    tenant: String,
}

async fn own_invoices(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match request.headers().get_one("X-Tenant") {
        Some(tenant) => Scope::rows(member("tenant").equals(tenant)),
        None => Scope::None,
    })
}

#[test]
fn sees_nothing_of_others() {
    on_each(
        || application().mount("/v1", Invoice::routes()),
        |client| {
            for (id, tenant) in [(1, "red"), (2, "blue")] {
                client.seed(&Invoice { id, tenant: tenant.into() });
            }
            let red = client.with_header("X-Tenant", "red");
            assert_eq!(red.get("/v1/invoices").send().expect(200).ids(), ["1"]);
            red.get("/v1/invoices/2").send().expect(404);
            red.delete("/v1/invoices/2").send().expect(404);
            let foreign = Document::new("invoices").attribute("tenant", "blue");
            red.post("/v1/invoices").document(&foreign).send().expect_error(403, "outside_scope");
            assert_eq!(client.get("/v1/invoices").send().expect(200).ids().len(), 0);
        },
    );
}
