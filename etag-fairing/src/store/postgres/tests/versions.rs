//! Versions where several write at once.

use std::sync::Arc;

use rocket::{futures::future::join_all, tokio};

use super::*;
use crate::schema::Upkeep;
use crate::store::contract::{ITEMS, LABELS, LISTS};

/// Everybody makes and deletes the one resource; a trigger tells which versions there were.
#[test]
fn one_id_never_has_one_version_twice_whoever_deletes_and_makes_it() {
    let Some(database) = Database::provide() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = Arc::new(open(&database));
        store.prepare(&[&LISTS, &ITEMS, &LABELS]).await.expect("prepared");
        let writers = (0..6).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..12 {
                    let said = text(&format!("{writer}, {round}"));
                    let date = text("2018-03-24T13:30:00.000000Z");
                    let make = Change::Insert {
                        resource: &LISTS,
                        id: Some(ResourceId::Text("one".into())),
                        attributes: vec![said, Value::Integer(1), date],
                        linkage: vec![None],
                    };
                    let end = Change::Delete { resource: &LISTS, id: ResourceId::Text("one".into()) };
                    for change in [make, end] {
                        match write(&store, change).await {
                            Ok(_)
                            | Err(StoreError::IdExists | StoreError::NotFound | StoreError::Conflict) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            })
        });
        let kept = LISTS.kept().find(|(_, upkeep)| *upkeep == Upkeep::Count);
        let version = kept.and_then(|(id, _)| LISTS.attribute_at(id)).expect("a version that counts").column;
        database.run(&format!(
            "CREATE TABLE log (version bigint); CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN INSERT INTO log VALUES (OLD.{version}); RETURN NULL; END $$; \
             CREATE TRIGGER tell AFTER DELETE ON {} FOR EACH ROW EXECUTE FUNCTION tell()",
            LISTS.table
        ));
        for outcome in join_all(writers).await {
            outcome.expect("no panic");
        }
        let counts = database.run("SELECT count(*), count(DISTINCT version) FROM log");
        let (deleted, versions) = counts.trim().split_once('|').expect("two columns");
        assert_ne!(deleted, "0");
        assert_eq!(deleted, versions, "each resource that was made had another version");
    });
}
