//! Resources below resources of the same type.

use etag_fairing::resource::ResourceId;
use etag_fairing::{JsonApiResource, ToMany, ToOne};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "employees")]
struct Employee {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    manager: ToOne<Self>,
    #[jsonapi(relationship, inverse = "manager")]
    reports: ToMany<Self>,
}

#[test]
fn is_included_level_by_level() {
    on_each(
        || application().mount("/v1", Employee::routes()),
        |client| {
            for (id, manager) in [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(2))] {
                let manager = manager.map_or_else(ToOne::empty, |id| ToOne::to(ResourceId::Integer(id)));
                client.seed(&Employee { id, manager, reports: ToMany::unread() });
            }
            let down = client.get("/v1/employees/1?include=reports.reports").send().expect(200);
            let ids = |of: Vec<Employee>| of.iter().map(|employee| employee.id).collect::<Vec<_>>();
            assert_eq!(ids(down.included()), [2, 3, 4]);
            let up = client.get("/v1/employees/4?include=manager.manager").send().expect(200);
            assert_eq!(ids(up.included()), [2, 1]);
        },
    );
}
