import type { Identifier, LocalIdentifier, ResourceMeta } from "./json-api.js";
/** The document of a response or a request. */
type Content<B> = B extends {
    content: {
        "application/vnd.api+json": infer D;
    };
} ? D : never;
/** The document of the responses with one of these statuses. */
type Answer<O, S extends number> = O extends {
    responses: infer R;
} ? Content<R[S & keyof R]> : never;
/** The primary data that an operation is sent. */
type Sent<O> = O extends {
    requestBody?: infer B;
} ? (Content<NonNullable<B>> extends {
    data: infer D;
} ? D : never) : never;
/** The operation of a path. */
type Operation<P, K, M extends string> = K extends keyof P ? (P[K] extends {
    [N in M]: infer O;
} ? O : never) : never;
/** The primary data that a GET of a path answers with. */
type Data<P, K> = Answer<Operation<P, K, "get">, 200> extends {
    data: infer D;
} ? D : never;
/** The types of resources: of one, or of those in a list. */
type TypeOf<D> = D extends readonly (infer I)[] ? TypeOf<I> : D extends {
    type: infer T extends string;
} ? T : never;
/** The path of the collection that a path is of: it itself, or that of which it is an item. */
type CollectionOf<K> = K extends `${infer B}/{${infer R}` ? R extends `${string}/${string}` ? never : B : K;
/** For each type of resource, the path of its collection. */
export type Collections<P> = {
    [K in keyof P & string as CollectionOf<K> extends never ? never : TypeOf<Data<P, K>>]: CollectionOf<K>;
};
/** The types of the resources that an API has. */
export type TypeName<P> = keyof Collections<P> & string;
/** The path of a collection. */
type CollectionPath<P, T> = T extends keyof Collections<P> ? Collections<P>[T] & string : never;
/** The path of one resource. */
type ItemPath<P, T> = {
    [K in keyof P & string]: K extends `${CollectionPath<P, T>}/{${infer R}` ? R extends `${string}/${string}` ? never : K : never;
}[keyof P & string];
/** A path below that of one resource. */
type Below<P, T, E extends string> = `${ItemPath<P, T>}/${E}` & keyof P;
/** With a `meta` that has the entity tag. */
type Tagged<R> = R extends unknown ? Omit<R, "meta"> & {
    meta?: ResourceMeta;
} : never;
/** A resource object of a type. */
export type Resource<P, T extends string> = Tagged<[
    Data<P, ItemPath<P, T>>
] extends [never] ? Extract<Data<P, CollectionPath<P, T>>, readonly unknown[]>[number] : Data<P, ItemPath<P, T>>>;
/** What a POST sends to make a resource of a type: without `type`, which the client adds. */
export type Creation<P, T extends string> = Omit<Sent<Operation<P, CollectionPath<P, T>, "post">>, "type" | "meta">;
/** What a PATCH sends to change a resource of a type. */
export type Changes<P, T extends string> = Omit<Sent<Operation<P, ItemPath<P, T>, "patch">>, "type" | "id" | "meta">;
/** An identifier, or that of a resource which the same request makes. */
export type Local<I> = I extends {
    type: infer T extends string;
} ? I | LocalIdentifier<T> : never;
type LocalLinkage<L> = L extends readonly (infer I)[] ? readonly Local<I>[] : L extends null ? null : Local<L>;
type LocalRelationship<R> = R extends {
    data: infer L;
} ? Omit<R, "data"> & {
    data: LocalLinkage<L>;
} : R;
/** Members of a resource, whose linkage may lead to resources that the same request makes. */
type WithLocal<M> = M extends {
    relationships?: infer R;
} ? Omit<M, "relationships"> & {
    relationships?: {
        [K in keyof NonNullable<R>]: LocalRelationship<NonNullable<R>[K]>;
    };
} : M;
/** What an operation sends to make a resource of a type. */
export type LocalCreation<P, T extends string> = WithLocal<Creation<P, T>>;
/** What an operation sends to change a resource of a type. */
export type LocalChanges<P, T extends string> = WithLocal<Changes<P, T>>;
/** The linkage that an operation replaces that of a relationship by. */
export type LocalNewLinkage<P, T extends string, N extends string> = LocalLinkage<NewLinkage<P, T, N>>;
/** The relationships that have a URL of their own. */
export type RelationshipName<P, T extends string> = {
    [K in keyof P & string]: K extends `${ItemPath<P, T>}/relationships/${infer N}` ? N : never;
}[keyof P & string];
/** The relationships to many. */
export type ToManyName<P, T extends string> = {
    [N in RelationshipName<P, T>]: Linkage<P, T, N> extends readonly unknown[] ? N : never;
}[RelationshipName<P, T>];
/** The names of what can be read behind a resource: `/sessions/1/NAME`. */
export type RelatedName<P, T extends string> = {
    [K in keyof P & string]: K extends `${ItemPath<P, T>}/${infer N}` ? (N extends `${string}/${string}` ? never : N) : never;
}[keyof P & string];
/** What is related, as a resource, a list of them, or null. */
export type Related<P, T extends string, N extends string> = TaggedData<Data<P, Below<P, T, N>>>;
type TaggedData<D> = D extends readonly (infer I)[] ? Tagged<I>[] : D extends null ? null : Tagged<D>;
/** The linkage at the URL of a relationship. */
export type Linkage<P, T extends string, N extends string> = Data<P, Below<P, T, `relationships/${N}`>>;
/** The linkage that a relationship takes. */
export type NewLinkage<P, T extends string, N extends string> = Sent<Operation<P, Below<P, T, `relationships/${N}`>, "patch">>;
/** The query parameters of an operation, by their full names. */
export type Parameters<O> = O extends {
    parameters: {
        query?: infer Q;
    };
} ? NonNullable<Q> : Record<never, never>;
/** The query of a list. */
export type ListQuery<P, T extends string> = Query<Parameters<Operation<P, CollectionPath<P, T>, "get">>>;
/** The query of one resource. */
export type ItemQuery<P, T extends string> = Query<Parameters<Operation<P, ItemPath<P, T>, "get">>>;
/** The query of what is related. */
export type RelatedQuery<P, T extends string, N extends string> = Query<Parameters<Operation<P, Below<P, T, N>, "get">>>;
/** The query of linkage. */
export type LinkageQuery<P, T extends string, N extends string> = Query<Parameters<Operation<P, Below<P, T, `relationships/${N}`>, "get">>>;
/** One value in a query. */
export type Scalar = string | number | boolean | null;
/** A condition on a member that is not described, such as one of a related resource (`track.name`). */
export type Condition = Scalar | readonly Scalar[] | {
    readonly [operator: string]: Scalar | readonly Scalar[];
};
/** A query, from the parameters `include`, `fields[…]`, `sort`, `page[…]`, `filter[…]` and others of an operation. */
export type Query<Q> = Listed<Q, "include"> & Listed<Q, "sort"> & Listed<Q, "withCount"> & Family<Q, "fields", Lists<Bracketed<Q, "fields">>> & Family<Q, "page", Bracketed<Q, "page">> & Family<Q, "filter", Filter<Q> | readonly Expression[]> & {
    /** Any other parameter, by its full name: `{"page[speakers][size]": 3}`. */
    params?: Partial<Q> & {
        readonly [name: `${string}[${string}]`]: unknown;
    };
};
type Element<V> = NonNullable<V> extends readonly (infer I)[] ? I : NonNullable<V>;
type Listed<Q, N extends string> = N extends keyof Q ? {
    [K in N]?: readonly Element<Q[K]>[];
} : unknown;
type Lists<F> = {
    [K in keyof F]?: readonly Element<F[K]>[];
};
/** A member that there is only if there are such parameters. */
type Family<Q, N extends string, V> = Extract<keyof Q, `${N}[${string}` | N> extends never ? unknown : {
    [K in N]?: V;
};
/** The parameters `FAMILY[NAME]`, by their names. */
type Bracketed<Q, F extends string> = {
    [K in keyof Q as K extends `${F}[${infer N}]` ? (N extends `${string}]${string}` ? never : N) : never]?: Q[K];
};
type FilterMember<K> = K extends `filter[${infer M}][${string}` ? M : K extends `filter[${infer M}]` ? M : never;
type Operators<Q, M extends string> = {
    readonly [K in keyof Q as K extends `filter[${M}][${infer O}]` ? O : never]?: NonNullable<Q[K]> extends readonly (infer I)[] ? readonly I[] : Q[K];
};
type Equals<Q, M extends string> = `filter[${M}]` extends keyof Q ? Element<Q[`filter[${M}]`]> | readonly Element<Q[`filter[${M}]`]>[] | null : never;
/** Conditions by the members that they are about; all must hold. */
export type Filter<Q> = {
    readonly [M in FilterMember<keyof Q>]?: Equals<Q, M> | Operators<Q, M>;
} & {
    readonly [path: `${string}.${string}`]: Condition;
};
/** An expression of the list in JSON, for `or`, `not`, and relationships. */
export type Expression = {
    readonly name: string;
    readonly op: string;
    readonly val?: unknown;
    readonly field?: string;
} | {
    readonly and: readonly Expression[];
} | {
    readonly or: readonly Expression[];
} | {
    readonly not: Expression;
};
/** The identifiers that a linkage is made of. */
export type IdentifierOf<L> = L extends readonly (infer I)[] ? I : NonNullable<L>;
/** The resource that a relationship object leads to, if it is included. */
export type Included<P, O, N extends PropertyKey> = O extends {
    relationships?: infer R;
} ? N extends keyof NonNullable<R> ? NonNullable<NonNullable<R>[N]> extends {
    data?: infer L;
} ? NonNullable<L> extends readonly (infer I)[] ? IncludedOne<P, I>[] : IncludedOne<P, NonNullable<L>> | null : never : never : never;
type IncludedOne<P, I> = I extends Identifier<infer T> ? Resource<P, T> : never;
/** The names of the relationships of a resource. */
export type Relationships<O> = O extends {
    relationships?: infer R;
} ? keyof NonNullable<R> & string : never;
export {};
