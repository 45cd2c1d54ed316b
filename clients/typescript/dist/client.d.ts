import type { Document } from "./document.js";
import { type EditOptions } from "./edit.js";
import { type Identifier, type ResourceMeta } from "./json-api.js";
import { type Merge } from "./merge.js";
import { type MemoryOptions } from "./store.js";
import { type RawRequest, type RawResponse, type SendOptions, type TransportOptions } from "./transport.js";
import type { Changes, Creation, IdentifierOf, ItemQuery, Linkage, LinkageQuery, ListQuery, NewLinkage, Related, RelatedName, RelatedQuery, RelationshipName, Resource, ToManyName, TypeName } from "./types.js";
/** How a client is made. */
export interface ClientOptions<P> extends TransportOptions {
    /** Where types are that have a path of another name: `{ sessions: "/programme" }`. */
    paths?: {
        readonly [T in TypeName<P>]?: string;
    };
    /** How much is kept in memory. */
    memory?: MemoryOptions;
}
/** Which resource is meant: its identifier, or the resource itself as it was read, which says what was seen of it. */
export type Target<T extends string> = Identifier<T> & {
    readonly meta?: ResourceMeta;
    readonly attributes?: object;
    readonly relationships?: object;
};
/** What an update may say. */
export interface UpdateOptions<M, R> extends EditOptions {
    /** What becomes of it if somebody else has changed the resource. Without it, that is an `EditConflict`. */
    merge?: Merge<M, R> | undefined;
}
/** What a deletion may say. */
export interface DeleteOptions<R> extends EditOptions {
    /** Whether to delete a resource that somebody else has changed since it was seen. Without it, that is an `EditConflict`. */
    confirm?: ((theirs: R, base: R | undefined) => boolean | Promise<boolean>) | undefined;
}
/** What a change of linkage may say. */
export interface LinkageOptions<L> extends EditOptions {
    /** The linkage that the change was decided on. Without it, that which was read last. */
    seen?: {
        readonly data: L;
        readonly etag: string | undefined;
    } | undefined;
    /** What becomes of it if somebody else has changed the linkage. */
    merge?: Merge<L, L> | undefined;
}
/** Makes a client. `P` is the `paths` of what openapi-typescript has made of the API's document. */
export declare function createClient<P>(options: ClientOptions<P>): Client<P>;
/**
 * A client of a JSON:API with entity tags. It sends `If-None-Match` with what it has read before, and `If-Match` with
 * what an edit was decided on.
 */
export declare class Client<P> {
    #private;
    constructor({ paths, memory, ...transport }: ClientOptions<P>);
    /** Reads a list. */
    list<T extends TypeName<P>>(type: T, query?: ListQuery<P, T>, options?: SendOptions): Promise<Document<Resource<P, T>[], P>>;
    /** Reads a list page by page, as far as it is asked for. */
    pages<T extends TypeName<P>>(type: T, query?: ListQuery<P, T>, options?: SendOptions): AsyncGenerator<Document<Resource<P, T>[], P>, void, undefined>;
    /** Reads a resource. */
    get<T extends TypeName<P>>(type: T, id: string, query?: ItemQuery<P, T>, options?: SendOptions): Promise<Document<Resource<P, T>, P>>;
    /** Reads a link of a document, such as `next`. */
    follow<D>(link: string, options?: SendOptions): Promise<Document<D, P>>;
    /** Reads what is related to a resource. */
    related<T extends TypeName<P>, const N extends RelatedName<P, T>>(owner: Target<T>, name: N, query?: RelatedQuery<P, T, N>, options?: SendOptions): Promise<Document<Related<P, T, N>, P>>;
    /** Makes a resource. */
    create<T extends TypeName<P>>(type: T, members: Creation<P, T>, query?: ItemQuery<P, T>, options?: SendOptions): Promise<Document<Resource<P, T>, P>>;
    /**
     * Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last.
     *
     * If somebody else has changed it, `merge` decides what to save on top of that, and it is tried again.
     */
    update<T extends TypeName<P>>(target: Target<T>, changes: Changes<P, T>, options?: UpdateOptions<Changes<P, T>, Resource<P, T>> & {
        query?: ItemQuery<P, T>;
    }): Promise<Document<Resource<P, T>, P>>;
    /** Deletes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
    delete<T extends TypeName<P>>(target: Target<T>, options?: DeleteOptions<Resource<P, T>>): Promise<void>;
    /** Reads which resources a relationship leads to. */
    linkage<T extends TypeName<P>, const N extends RelationshipName<P, T>>(owner: Target<T>, name: N, query?: LinkageQuery<P, T, N>, options?: SendOptions): Promise<Document<Linkage<P, T, N>, P>>;
    /** Adds to a relationship to many. What others add or remove meanwhile is no conflict. */
    add<T extends TypeName<P>, const N extends ToManyName<P, T>>(owner: Target<T>, name: N, identifiers: readonly IdentifierOf<NewLinkage<P, T, N>>[], options?: LinkageOptions<Linkage<P, T, N>>): Promise<Document<Linkage<P, T, N>, P> | undefined>;
    /** Removes from a relationship to many. What others add or remove meanwhile is no conflict. */
    remove<T extends TypeName<P>, const N extends ToManyName<P, T>>(owner: Target<T>, name: N, identifiers: readonly IdentifierOf<NewLinkage<P, T, N>>[], options?: LinkageOptions<Linkage<P, T, N>>): Promise<Document<Linkage<P, T, N>, P> | undefined>;
    /**
     * Replaces the linkage of a relationship: by identifiers, or by one or null. If somebody else has changed it since it
     * was seen, `merge` decides; `mergeLinkage` keeps the additions and removals of both.
     */
    replace<T extends TypeName<P>, const N extends RelationshipName<P, T>>(owner: Target<T>, name: N, linkage: NewLinkage<P, T, N>, options?: LinkageOptions<Linkage<P, T, N>>): Promise<Document<Linkage<P, T, N>, P> | undefined>;
    /**
     * Sends a request of any kind to the server, with the header fields and errors of the client: a route of the
     * application's own, or an extension, by `contentType` and `accept`.
     */
    send(request: RawRequest): Promise<RawResponse>;
    /** The whole URL of a path behind `baseUrl`, such as `/sessions`. */
    url(path: string): string;
    /** Forgets a resource, or all that was read: after a logout, say. */
    forget(target?: Identifier<TypeName<P>>): void;
}
