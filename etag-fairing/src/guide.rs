//! The user's guide, page by page.
//!
//! The pages are Markdown files in this crate's `docs/guide`: inside the crate, so that they are in its package and
//! docs.rs shows them. Their Rust blocks are doctests, and their transcripts run against the example in the
//! workspace's tests. `docs/guide/SUMMARY.md` has the same list, for the site that mdBook makes of the same files.
//!
//! Or begin with what you need: [I want to …](needs).
//!
//! - [How do I …](how)
//! - [Quickstart](quickstart)
//! - [A 304 and a 412](a_304_and_a_412)
//! - [From a database](from_a_database)
//! - [Resources](resources)
//! - [Relationships](relationships)
//! - [Times](times)
//! - [Types of your own](own_types)
//! - [Filtering](filtering)
//! - [Including](including)
//! - [Sparse fieldsets](sparse_fieldsets)
//! - [Sorting](sorting)
//! - [Pagination](pagination)
//! - [Writing](writing)
//! - [Many changes at once](many_changes)
//! - [Sent twice, made once](sent_twice)
//! - [Editing from a list](editing_from_a_list)
//! - [Soft deletion](soft_deletion)
//! - [Errors](errors)
//! - [Hooks and validation](hooks)
//! - [Your own code](your_own_code)
//! - [Conditional requests](conditional_requests)
//! - [Not one lost update](lost_updates)
//! - [Versions and dates](versions)
//! - [Files](files)
//! - [Permission](permission)
//! - [Configuration](configuration)
//! - [What may be cached, and for how long](caching)
//! - [Compression](compression)
//! - [Behind proxies](proxies)
//! - [PostgreSQL](postgresql)
//! - [Several servers](several_servers)
//! - [Failover, standby, pooler](failover)
//! - [Encrypted connections](encryption)
//! - [Beside other database crates](other_crates)
//! - [Operating it](operations)
//! - [Migrations](migrations)
//! - [Watching it run](metrics)
//! - [Testing your application](testing)
//! - [OpenAPI and clients](openapi)
//! - [A store of your own](own_store)
//! - [Coming from flask-rest-jsonapi](coming_from_flask_rest_jsonapi)

// Its blocks use the embedded store, but whoever reads it needs no feature.
#![cfg_attr(docsrs, doc(auto_cfg = false))]

/// A page as a module.
///
/// Pages link to each other as files, for readers of the repository. Of two definitions of a link the first one counts
/// (CommonMark §4.7), and those before the page lead to modules.
macro_rules! page {
    ($name:ident, $file:literal) => {
        #[doc = "[I want to …]: crate::guide::needs"]
        #[doc = "[How do I …]: crate::guide::how"]
        #[doc = "[Quickstart]: crate::guide::quickstart"]
        #[doc = "[A 304 and a 412]: crate::guide::a_304_and_a_412"]
        #[doc = "[From a database]: crate::guide::from_a_database"]
        #[doc = "[Resources]: crate::guide::resources"]
        #[doc = "[Relationships]: crate::guide::relationships"]
        #[doc = "[Times]: crate::guide::times"]
        #[doc = "[Types of your own]: crate::guide::own_types"]
        #[doc = "[Filtering]: crate::guide::filtering"]
        #[doc = "[Including]: crate::guide::including"]
        #[doc = "[Sparse fieldsets]: crate::guide::sparse_fieldsets"]
        #[doc = "[Sorting]: crate::guide::sorting"]
        #[doc = "[Pagination]: crate::guide::pagination"]
        #[doc = "[Many changes at once]: crate::guide::many_changes"]
        #[doc = "[Sent twice, made once]: crate::guide::sent_twice"]
        #[doc = "[Editing from a list]: crate::guide::editing_from_a_list"]
        #[doc = "[Writing]: crate::guide::writing"]
        #[doc = "[Soft deletion]: crate::guide::soft_deletion"]
        #[doc = "[Errors]: crate::guide::errors"]
        #[doc = "[Hooks and validation]: crate::guide::hooks"]
        #[doc = "[Your own code]: crate::guide::your_own_code"]
        #[doc = "[Conditional requests]: crate::guide::conditional_requests"]
        #[doc = "[Not one lost update]: crate::guide::lost_updates"]
        #[doc = "[Versions and dates]: crate::guide::versions"]
        #[doc = "[Files]: crate::guide::files"]
        #[doc = "[Permission]: crate::guide::permission"]
        #[doc = "[Configuration]: crate::guide::configuration"]
        #[doc = "[What may be cached, and for how long]: crate::guide::caching"]
        #[doc = "[Compression]: crate::guide::compression"]
        #[doc = "[Behind proxies]: crate::guide::proxies"]
        #[doc = "[PostgreSQL]: crate::guide::postgresql"]
        #[doc = "[Several servers]: crate::guide::several_servers"]
        #[doc = "[Failover, standby, pooler]: crate::guide::failover"]
        #[doc = "[Encrypted connections]: crate::guide::encryption"]
        #[doc = "[Beside other database crates]: crate::guide::other_crates"]
        #[doc = "[Operating it]: crate::guide::operations"]
        #[doc = "[Migrations]: crate::guide::migrations"]
        #[doc = "[Watching it run]: crate::guide::metrics"]
        #[doc = "[Testing your application]: crate::guide::testing"]
        #[doc = "[OpenAPI and clients]: crate::guide::openapi"]
        #[doc = "[A store of your own]: crate::guide::own_store"]
        #[doc = "[Coming from flask-rest-jsonapi]: crate::guide::coming_from_flask_rest_jsonapi"]
        #[doc = ""]
        #[doc = include_str!(concat!("../docs/guide/", $file))]
        pub mod $name {}
    };
}

page!(needs, "needs.md");
page!(how, "how.md");
page!(quickstart, "quickstart.md");
page!(a_304_and_a_412, "a-304-and-a-412.md");
page!(from_a_database, "from-a-database.md");
page!(resources, "resources.md");
page!(relationships, "relationships.md");
page!(times, "times.md");
page!(own_types, "own-types.md");
page!(filtering, "filtering.md");
page!(including, "including.md");
page!(sparse_fieldsets, "sparse-fieldsets.md");
page!(sorting, "sorting.md");
page!(pagination, "pagination.md");
page!(writing, "writing.md");
page!(many_changes, "many-changes.md");
page!(sent_twice, "sent-twice.md");
page!(editing_from_a_list, "editing-from-a-list.md");
page!(soft_deletion, "soft-deletion.md");
page!(errors, "errors.md");
page!(hooks, "hooks.md");
page!(your_own_code, "your-own-code.md");
page!(conditional_requests, "conditional-requests.md");
page!(lost_updates, "lost-updates.md");
page!(versions, "versions.md");
page!(files, "files.md");
page!(permission, "permission.md");
page!(configuration, "configuration.md");
page!(caching, "caching.md");
page!(compression, "compression.md");
page!(proxies, "proxies.md");
page!(postgresql, "postgresql.md");
page!(several_servers, "several-servers.md");
page!(failover, "failover.md");
page!(encryption, "encryption.md");
page!(other_crates, "other-crates.md");
page!(operations, "operations.md");
page!(migrations, "migrations.md");
// Its blocks need the feature.
#[cfg(feature = "metrics")]
page!(metrics, "metrics.md");
// Its blocks need the feature.
#[cfg(feature = "testing")]
page!(testing, "testing.md");
page!(openapi, "openapi.md");
page!(own_store, "own-store.md");
page!(coming_from_flask_rest_jsonapi, "coming-from-flask-rest-jsonapi.md");
