/** A resource identifier object: which resource is meant. */
export interface Identifier<T extends string = string> {
    readonly type: T;
    readonly id: string;
}
/** Which resource is meant, of those that the same request makes: by a name of the client's own ("local id"). */
export interface LocalIdentifier<T extends string = string> {
    readonly type: T;
    readonly lid: string;
}
/** The `meta` of a resource. */
export interface ResourceMeta {
    /**
     * The entity tag of the resource, as `If-Match` takes it. The client puts the `ETag` of a response here, unless the
     * document says it already, so that it goes with the resource wherever your program keeps or copies it.
     */
    etag?: string;
    [name: string]: unknown;
}
/** A relationship object. */
export interface RelationshipObject {
    data?: Identifier | Identifier[] | null;
    links?: Links;
    meta?: Record<string, unknown>;
}
/** A resource object of any type. */
export interface ResourceObject<T extends string = string> extends Identifier<T> {
    attributes?: Record<string, unknown>;
    relationships?: Record<string, RelationshipObject>;
    links?: Links;
    meta?: ResourceMeta;
}
/** A link: a URL, an object with one, or null where there is nothing to follow. */
export type Link = string | {
    href: string;
} | null;
/** Links by their names. */
export type Links = Record<string, Link | undefined>;
/** A document with primary data, as a server sends it. */
export interface DocumentObject<D = unknown> {
    data: D;
    included?: ResourceObject[];
    links?: Links;
    meta?: Record<string, unknown>;
    jsonapi?: Record<string, unknown>;
}
/** An error object: one thing that is wrong with a request. */
export interface ErrorObject {
    id?: string;
    status?: string;
    /** For programs. */
    code?: string;
    title?: string;
    /** For people. */
    detail?: string;
    source?: {
        pointer?: string;
        parameter?: string;
        header?: string;
    };
    meta?: Record<string, unknown>;
    links?: Links;
}
/** The media type of JSON:API. */
export declare const MEDIA_TYPE = "application/vnd.api+json";
/** The profile with which each resource of a document says its tag in `meta.etag`. */
export declare const CONCURRENCY = "https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md";
/** The extension for several changes in one request. */
export declare const ATOMIC = "https://jsonapi.org/ext/atomic";
/** The URL of a link. */
export declare function href(link: Link | undefined): string | undefined;
/** Whether two JSON values are the same, whatever the order of their members. */
export declare function isSame(one: unknown, other: unknown): boolean;
/** Whether two linkages name the same resources in the same order. Their `meta` does not count. */
export declare function isSameLinkage(one: unknown, other: unknown): boolean;
/** One text for a type and an id, or a local id. */
export declare function identity(identifier: Identifier | LocalIdentifier): string;
/**
 * Whether what somebody has seen of a resource is what it is now. Members that were not shown to them, such as those
 * that a sparse fieldset leaves out, can't have misled them.
 */
export declare function agrees(seen: ResourceObject, now: ResourceObject): boolean;
/** Whether this is a resource that somebody has seen, and no bare identifier. */
export declare function isSeen(resource: Identifier | ResourceObject): resource is ResourceObject;
