#[allow(deprecated)]
const _: () = {
    const __ATTRIBUTE_0: ::etag_fairing::__private::Carrier<String> = ::etag_fairing::__private::Carrier::of::<
        String,
    >();
    const __ATTRIBUTE_1: ::etag_fairing::__private::Carrier<Option<String>> = ::etag_fairing::__private::Carrier::of::<
        Option<String>,
    >();
    const __ATTRIBUTE_2: ::etag_fairing::__private::Carrier<i64> = ::etag_fairing::__private::Carrier::of::<
        i64,
    >();
    const __ATTRIBUTE_3: ::etag_fairing::__private::Carrier<String> = ::etag_fairing::__private::Carrier::of::<
        String,
    >();
    const __ATTRIBUTE_4: ::etag_fairing::__private::Carrier<Option<State>> = ::etag_fairing::__private::Carrier::of::<
        ::core::option::Option<::etag_fairing::__private::Text<State>>,
    >();
    const __ATTRIBUTE_5: ::etag_fairing::__private::Carrier<Vec<Link>> = ::etag_fairing::__private::Carrier::of::<
        ::etag_fairing::__private::Json<Vec<Link>>,
    >();
    #[automatically_derived]
    impl ::etag_fairing::__private::JsonApiResource for Session {
        fn description() -> &'static ::etag_fairing::__private::Description {
            static ATTRIBUTES: &[::etag_fairing::__private::Attribute] = &[
                __ATTRIBUTE_0
                    .describe(
                        "title",
                        "title",
                        ::etag_fairing::__private::Access::ReadWrite,
                        ::core::option::Option::None,
                    ),
                __ATTRIBUTE_1
                    .describe(
                        "kind",
                        "session_kind",
                        ::etag_fairing::__private::Access::ReadWrite,
                        ::core::option::Option::None,
                    ),
                __ATTRIBUTE_2
                    .describe(
                        "votes",
                        "votes",
                        ::etag_fairing::__private::Access::ReadOnly,
                        ::core::option::Option::Some(|| {
                            let value: i64 = <i64 as ::core::default::Default>::default();
                            __ATTRIBUTE_2.write(&value)
                        }),
                    ),
                __ATTRIBUTE_3
                    .describe(
                        "password",
                        "password",
                        ::etag_fairing::__private::Access::WriteOnly,
                        ::core::option::Option::Some(|| {
                            let value: String = defaults::password();
                            __ATTRIBUTE_3.write(&value)
                        }),
                    ),
                __ATTRIBUTE_4
                    .describe(
                        "state",
                        "state",
                        ::etag_fairing::__private::Access::ReadWrite,
                        ::core::option::Option::None,
                    ),
                __ATTRIBUTE_5
                    .describe(
                        "links",
                        "links",
                        ::etag_fairing::__private::Access::ReadWrite,
                        ::core::option::Option::None,
                    ),
            ];
            static RELATIONSHIPS: &[::etag_fairing::__private::Relationship] = &[
                ::etag_fairing::__private::Relationship::new(
                        "track",
                        ::etag_fairing::__private::RelationshipKind::ToOne {
                            columns: ::etag_fairing::__private::Columns::one("track_id"),
                            required: true,
                            on_delete: ::etag_fairing::__private::OnDelete::Restrict,
                        },
                        <Track as ::etag_fairing::__private::JsonApiResource>::description,
                    )
                    .showing(true),
                ::etag_fairing::__private::Relationship::new(
                        "follows",
                        ::etag_fairing::__private::RelationshipKind::ToOne {
                            columns: ::etag_fairing::__private::Columns::one(
                                "follows_id",
                            ),
                            required: false,
                            on_delete: ::etag_fairing::__private::OnDelete::SetNull,
                        },
                        <Session as ::etag_fairing::__private::JsonApiResource>::description,
                    )
                    .showing(true),
                ::etag_fairing::__private::Relationship::new(
                        "followedBy",
                        ::etag_fairing::__private::RelationshipKind::Inverse {
                            of: "follows",
                        },
                        <Session as ::etag_fairing::__private::JsonApiResource>::description,
                    )
                    .showing(false),
                ::etag_fairing::__private::Relationship::new(
                        "speakers",
                        ::etag_fairing::__private::RelationshipKind::Through {
                            table: "session_speakers",
                            owner_columns: ::etag_fairing::__private::Columns::one(
                                "session_id",
                            ),
                            target_columns: ::etag_fairing::__private::Columns::one(
                                "speaker_id",
                            ),
                            typed: ::core::option::Option::None,
                        },
                        <people::Speaker as ::etag_fairing::__private::JsonApiResource>::description,
                    )
                    .showing(true),
            ];
            static DESCRIPTION: ::etag_fairing::__private::Description = ::etag_fairing::__private::Description::new(
                    "sessions",
                    "talks",
                    "Session",
                    "sessions",
                    ::etag_fairing::__private::Id {
                        column: "id",
                        kind: <i64 as ::etag_fairing::__private::IdType>::KIND,
                    },
                    ATTRIBUTES,
                    RELATIONSHIPS,
                    ::etag_fairing::__private::Operations::NONE
                        .with(::etag_fairing::__private::Operation::Read)
                        .with(::etag_fairing::__private::Operation::Update),
                )
                .documented(
                    ::etag_fairing::__private::Docs::new(
                        "A talk.",
                        "Its number.",
                        &["", "", "", "", "", ""],
                        &["", "", "", ""],
                    ),
                );
            &DESCRIPTION
        }
        fn behaviour() -> &'static ::etag_fairing::__private::Behaviour {
            static BEHAVIOUR: ::etag_fairing::__private::Behaviour = ::etag_fairing::__private::Behaviour::NONE;
            &BEHAVIOUR
        }
        fn from_record(
            record: &::etag_fairing::__private::Record,
        ) -> ::core::result::Result<Self, ::etag_fairing::__private::Corrupt> {
            ::core::result::Result::Ok(Self {
                id: ::etag_fairing::__private::read_id(
                    record,
                    <i64 as ::etag_fairing::__private::IdType>::from_id,
                )?,
                title: __ATTRIBUTE_0.read(record, 0usize, "title")?,
                r#type: __ATTRIBUTE_1.read(record, 1usize, "session_kind")?,
                votes: __ATTRIBUTE_2.read(record, 2usize, "votes")?,
                password: __ATTRIBUTE_3.read(record, 3usize, "password")?,
                state: __ATTRIBUTE_4.read(record, 4usize, "state")?,
                links: __ATTRIBUTE_5.read(record, 5usize, "links")?,
                cache: <Cache as ::core::default::Default>::default(),
                track: ::etag_fairing::__private::read_to_one(record, 0usize, "track")?,
                follows: ::etag_fairing::__private::read_to_one(
                    record,
                    1usize,
                    "follows",
                )?,
                followed_by: ::etag_fairing::__private::read_to_many(
                    record,
                    2usize,
                    "followedBy",
                )?,
                speakers: ::etag_fairing::__private::read_to_many(
                    record,
                    3usize,
                    "speakers",
                )?,
            })
        }
        fn to_record(
            &self,
        ) -> ::core::result::Result<
            ::etag_fairing::__private::Record,
            ::etag_fairing::__private::Mismatch,
        > {
            ::core::result::Result::Ok(
                ::etag_fairing::__private::record(
                    <i64 as ::etag_fairing::__private::IdType>::to_id(&self.id),
                    [
                        __ATTRIBUTE_0.write(&self.title)?,
                        __ATTRIBUTE_1.write(&self.r#type)?,
                        __ATTRIBUTE_2.write(&self.votes)?,
                        __ATTRIBUTE_3.write(&self.password)?,
                        __ATTRIBUTE_4.write(&self.state)?,
                        __ATTRIBUTE_5.write(&self.links)?,
                    ],
                    [
                        ::etag_fairing::__private::write_to_one(&self.track),
                        ::etag_fairing::__private::write_to_one(&self.follows),
                        ::etag_fairing::__private::write_to_many(&self.followed_by),
                        ::etag_fairing::__private::write_to_many(&self.speakers),
                    ],
                ),
            )
        }
        fn routes() -> ::etag_fairing::__private::Routes {
            ::etag_fairing::__private::routes::<Self>()
        }
    }
};
