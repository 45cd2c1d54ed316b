//! The user's guide, page by page.
//!
//! The pages are Markdown files in this crate's `docs/guide`: inside the crate, so that they are in its package and
//! docs.rs shows them. Their Rust blocks are doctests, and their transcripts run against the example in the
//! workspace's tests.
//!
//! Or begin with what you need: [I want to …](needs).
//!
//! 1. [Quickstart](quickstart)
//! 2. [Resources](resources)
//! 3. [Relationships](relationships)
//! 4. [Filtering](filtering)
//! 5. [Including](including)
//! 6. [Sparse fieldsets](sparse_fieldsets)
//! 7. [Sorting](sorting)
//! 8. [Pagination](pagination)
//! 9. [Writing](writing)
//! 10. [Errors](errors)
//! 11. [Conditional requests](conditional_requests)
//! 12. [Behind proxies](proxies)
//! 13. [Files](files)
//! 14. [Versions and dates](versions)
//! 15. [Hooks and validation](hooks)
//! 16. [Permission](permission)
//! 17. [Configuration](configuration)
//! 18. [PostgreSQL](postgresql)
//! 19. [Failover, standby, pooler](failover)
//! 20. [Encrypted connections](encryption)
//! 21. [Times](times)
//! 22. [A store of your own](own_store)
//! 23. [Coming from flask-rest-jsonapi](coming_from_flask_rest_jsonapi)

/// A page as a module.
///
/// Pages link to each other as files, for readers of the repository. Of two definitions of a link the first one counts
/// (CommonMark §4.7), and those before the page lead to modules.
macro_rules! page {
    ($name:ident, $file:literal) => {
        #[doc = "[Quickstart]: crate::guide::quickstart"]
        #[doc = "[Resources]: crate::guide::resources"]
        #[doc = "[Relationships]: crate::guide::relationships"]
        #[doc = "[Filtering]: crate::guide::filtering"]
        #[doc = "[Including]: crate::guide::including"]
        #[doc = "[Sparse fieldsets]: crate::guide::sparse_fieldsets"]
        #[doc = "[Sorting]: crate::guide::sorting"]
        #[doc = "[Pagination]: crate::guide::pagination"]
        #[doc = "[Writing]: crate::guide::writing"]
        #[doc = "[Errors]: crate::guide::errors"]
        #[doc = "[Conditional requests]: crate::guide::conditional_requests"]
        #[doc = "[Behind proxies]: crate::guide::proxies"]
        #[doc = "[Files]: crate::guide::files"]
        #[doc = "[Versions and dates]: crate::guide::versions"]
        #[doc = "[Hooks and validation]: crate::guide::hooks"]
        #[doc = "[Permission]: crate::guide::permission"]
        #[doc = "[Configuration]: crate::guide::configuration"]
        #[doc = "[PostgreSQL]: crate::guide::postgresql"]
        #[doc = "[Failover, standby, pooler]: crate::guide::failover"]
        #[doc = "[Encrypted connections]: crate::guide::encryption"]
        #[doc = "[Times]: crate::guide::times"]
        #[doc = "[A store of your own]: crate::guide::own_store"]
        #[doc = "[Coming from flask-rest-jsonapi]: crate::guide::coming_from_flask_rest_jsonapi"]
        #[doc = ""]
        #[doc = include_str!(concat!("../docs/guide/", $file))]
        pub mod $name {}
    };
}

page!(needs, "needs.md");
page!(quickstart, "quickstart.md");
page!(resources, "resources.md");
page!(relationships, "relationships.md");
page!(filtering, "filtering.md");
page!(including, "including.md");
page!(sparse_fieldsets, "sparse-fieldsets.md");
page!(sorting, "sorting.md");
page!(pagination, "pagination.md");
page!(writing, "writing.md");
page!(errors, "errors.md");
page!(conditional_requests, "conditional-requests.md");
page!(proxies, "proxies.md");
page!(files, "files.md");
page!(versions, "versions.md");
page!(hooks, "hooks.md");
page!(permission, "permission.md");
page!(configuration, "configuration.md");
page!(postgresql, "postgresql.md");
page!(failover, "failover.md");
page!(encryption, "encryption.md");
page!(times, "times.md");
page!(own_store, "own-store.md");
page!(coming_from_flask_rest_jsonapi, "coming-from-flask-rest-jsonapi.md");
