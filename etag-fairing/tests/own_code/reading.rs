//! `api.read`, `api.find`: what is committed, as structs.

use etag_fairing::ToOne;
use etag_fairing::own::ApiError;
use etag_fairing::resource::{ResourceId, member};

use crate::world::{Account, Entry, on_both};

#[test]
fn one_is_read_by_its_id_in_any_form() {
    on_both(|world| {
        let id = world.account("Ada", 5);
        let api = world.api.clone();
        world.job(async move {
            let account: Account = api.read(id).await.unwrap();
            assert_eq!((account.owner.as_str(), account.balance), ("Ada", 5));
            assert_eq!(account.labels.ids(), Some(&[][..]), "what documents show is read");
            assert_eq!(account.entries.ids(), None, "and nothing else");
            for form in [ResourceId::Integer(id), ResourceId::from(id.to_string())] {
                assert_eq!(api.read_optional::<Account>(&form).await.unwrap(), Some(account.clone()));
            }
            for none in [ResourceId::from(id + 1), "07".into(), "x".into()] {
                assert_eq!(api.read_optional::<Account>(&none).await.unwrap(), None);
                assert!(api.read::<Account>(&none).await.unwrap_err().is_not_found());
            }
        });
    });
}

#[test]
fn many_are_found_by_how_many_they_lead_to() {
    on_both(|world| {
        let accounts = ["Ada", "Bob", "Cleo"].map(|owner| world.account(owner, 0));
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| {
                for (account, entries) in accounts.into_iter().zip([2, 0, 1]) {
                    for amount in 0..entries {
                        tx.insert(&Entry { id: 0, amount, account: ToOne::to(account), version: 0 }).await?;
                    }
                }
                Ok::<_, ApiError>(())
            })
            .await
            .unwrap();
            let entries = || member("entries").count();
            for (condition, owners) in [
                (entries().equals(0), "Bob"),
                (entries().differs_from(1), "Ada Bob"),
                (entries().less_than(2), "Bob Cleo"),
                (entries().at_most(1), "Bob Cleo"),
                (entries().greater_than(1), "Ada"),
                (entries().at_least(1).and(!entries().equals(2)), "Cleo"),
            ] {
                let told = format!("{condition:?}");
                let found = api.find::<Account>().matching(condition).all().await.unwrap();
                let found: Vec<String> = found.into_iter().map(|it| it.owner).collect();
                assert_eq!(found.join(" "), owners, "{told}");
            }
            let of_entries = member("account.entries").count().equals(2);
            assert_eq!(api.find::<Entry>().matching(of_entries).count().await.unwrap(), 2);
            for (wrong, words) in [("owner", "is no relationship"), ("nobody", "has no member")] {
                let error =
                    api.find::<Account>().matching(member(wrong).count().equals(1)).all().await.unwrap_err();
                assert!(error.to_string().contains(words), "{error}");
            }
            let to_one =
                api.find::<Entry>().matching(member("account").count().equals(1)).all().await.unwrap_err();
            assert!(to_one.to_string().contains("nothing to count"), "{to_one}");
        });
    });
}

#[test]
fn many_are_found_by_their_members_in_order_and_in_part() {
    on_both(|world| {
        for (owner, balance) in [("Ada", 5), ("Bob", 3), ("Cleo", 8), ("Dan", 3)] {
            world.account(owner, balance);
        }
        let api = world.api.clone();
        world.job(async move {
            let owners = |found: Vec<Account>| found.into_iter().map(|it| it.owner).collect::<Vec<_>>();
            let all = api.find().all().await.unwrap();
            assert_eq!(owners(all), ["Ada", "Bob", "Cleo", "Dan"]);
            let sorted = api.find().sorted_by("balance").sorted_by("-owner").all().await.unwrap();
            assert_eq!(owners(sorted), ["Dan", "Bob", "Ada", "Cleo"]);
            let part = api.find().sorted_by("-balance").offset(1).limit(2).all().await.unwrap();
            assert_eq!(owners(part), ["Ada", "Bob"]);
            let rest = api.find().offset(3).all().await.unwrap();
            assert_eq!(owners(rest), ["Dan"]);
            let poor = || api.find::<Account>().matching(member("balance").less_than(5));
            assert_eq!(owners(poor().all().await.unwrap()), ["Bob", "Dan"]);
            assert_eq!(poor().limit(1).count().await.unwrap(), 2);
            assert!(poor().exists().await.unwrap());
            let both = poor().matching(member("owner").starts_with("D"));
            assert_eq!(both.first().await.unwrap().map(|it| it.owner).as_deref(), Some("Dan"));
            let none = poor().matching(member("owner").equals("Ada"));
            assert_eq!(none.ids().await.unwrap(), []);
            let linked = api.find::<Account>().with_linkage("entries").limit(1).all().await.unwrap();
            assert_eq!(linked[0].entries.ids(), Some(&[][..]));
        });
    });
}

#[test]
fn a_mistake_is_told_as_one() {
    on_both(|world| {
        let api = world.api.clone();
        world.job(async move {
            let find = || api.find::<Account>();
            let mistakes = [
                find().matching(member("blance").equals(3)).all().await.unwrap_err(),
                find().matching(member("balance").equals("much")).all().await.unwrap_err(),
                find().sorted_by("blance").all().await.unwrap_err(),
                find().sorted_by("labels").all().await.unwrap_err(),
                find().with_linkage("owner").all().await.unwrap_err(),
                api.find::<Entry>().with_linkage("account").all().await.unwrap_err(),
            ];
            for mistake in mistakes {
                assert!(matches!(mistake, ApiError::Mistake(_)), "{mistake:?}");
            }
        });
    });
}
