//! What of a resource a store cannot write.

use rocket::http::Method;

use crate::schema::{Description, Operation};

/// What of a resource a store cannot write, as it found when it was prepared: a view may take no new rows, and a
/// generated column no value. Empty where all can be written.
///
/// Operations that cannot work are not served: they are 405, and `Allow` doesn't name them. Attributes that cannot be
/// written are read-only to clients, and the store leaves out what it is given for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unwritable {
    /// Of [`Operation::Create`], [`Operation::Update`] and [`Operation::Delete`], those that can't work.
    pub operations: Vec<Operation>,
    /// The places of the attributes whose values the store's database itself makes.
    pub attributes: Vec<usize>,
    /// The places of the relationships that take no new linkage.
    pub adding: Vec<usize>,
    /// The places of the relationships whose linkage cannot end.
    pub removing: Vec<usize>,
    /// Whether new resources have an id that only the database makes.
    pub id: bool,
}

impl Unwritable {
    /// Whether all can be written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a route can't work.
    pub(crate) fn closes(&self, operation: Operation, relationship: Option<usize>, method: Method) -> bool {
        match (operation, relationship) {
            (Operation::UpdateRelationship, Some(place)) => {
                let adds = method != Method::Delete && self.adding.contains(&place);
                let removes = method != Method::Post && self.removing.contains(&place);
                adds || removes
            }
            _ => self.operations.contains(&operation),
        }
    }

    /// What to tell of it at launch, a line each.
    pub(crate) fn told(&self, resource: &Description) -> Vec<String> {
        let (table, path) = (resource.table, resource.path);
        let mut lines = Vec::new();
        for operation in &self.operations {
            let (what, route) = match operation {
                Operation::Create => ("takes no new rows", format!("POST /{path}")),
                Operation::Update => ("takes no changes", format!("PATCH /{path}/<id>")),
                _ => ("lets no rows be deleted", format!("DELETE /{path}/<id>")),
            };
            lines.push(format!("`{table}` {what}: {route} is not served"));
        }
        for (place, relationship) in resource.relationships.iter().enumerate() {
            let methods: Vec<&str> = [Method::Patch, Method::Post, Method::Delete]
                .into_iter()
                .filter(|method| relationship.is_to_many() || *method == Method::Patch)
                .filter(|method| self.closes(Operation::UpdateRelationship, Some(place), *method))
                .map(|method| method.as_str())
                .collect();
            if !methods.is_empty() {
                let (methods, name) = (methods.join(", "), relationship.name);
                lines.push(format!(
                    "the linkage of `{name}` cannot be changed so: {methods} /{path}/<id>/relationships/{name} is not \
                     served"
                ));
            }
        }
        lines
    }
}
