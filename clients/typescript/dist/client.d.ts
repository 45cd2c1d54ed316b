import type { Document } from "./document.js";
import { type Identifier } from "./json-api.js";
import { OperationBuilder } from "./operation-builder.js";
import { type Operation, type OperationsOptions, type Results } from "./operations.js";
import type { ClientOptions, CreateOptions, DeleteOptions, LinkageOptions, Minimal, Saved, Target, UpdateOptions } from "./options.js";
import { type RawRequest, type RawResponse, type SendOptions } from "./transport.js";
import type { Changes, Creation, IdentifierOf, ItemQuery, Linkage, LinkageQuery, ListQuery, NewLinkage, Related, RelatedName, RelatedQuery, RelationshipName, Resource, ToManyName, TypeName } from "./types.js";
/** Makes a client. `P` is the `paths` of what openapi-typescript has made of the API's document. */
export declare function createClient<P>(options: ClientOptions<P>): Client<P>;
/**
 * A client of a JSON:API with entity tags. It sends `If-None-Match` with what it has read before, and `If-Match` with
 * what an edit was decided on.
 */
export declare class Client<P> {
    #private;
    /** Makes operations, for `operations`: `api.op.add("tracks", …)`, `api.op.update(session, …)`, `api.op.remove(session)`. */
    readonly op: OperationBuilder<P>;
    constructor({ paths, memory, operations, profile, ...transport }: ClientOptions<P>);
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
    create<T extends TypeName<P>>(type: T, members: Creation<P, T>, query: ItemQuery<P, T> | undefined, options: CreateOptions & Minimal): Promise<Saved<T>>;
    create<T extends TypeName<P>>(type: T, members: Creation<P, T>, query?: ItemQuery<P, T>, options?: SendOptions): Promise<Document<Resource<P, T>, P>>;
    /**
     * Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last.
     *
     * If somebody else has changed it, `merge` decides what to save on top of that, and it is tried again.
     */
    update<T extends TypeName<P>>(target: Target<T>, changes: Changes<P, T>, options: UpdateOptions<Changes<P, T>, Resource<P, T>> & Minimal): Promise<Saved<T>>;
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
     * Makes several changes, all of them or none: the results stand in the order of the operations, which `op` makes. Each is
     * for the state that was seen of its resource.
     *
     * If somebody else has changed one, nothing is made. Its `merge` decides what to save on top of that, and all are tried
     * again; without one, that is an `OperationConflict`. All else that is refused is an `OperationsError`, which says of which
     * operation.
     */
    operations<const O extends readonly Operation<any, any>[]>(operations: O, options?: OperationsOptions): Promise<Results<O>>;
    /**
     * Sends a request of any kind to the server, with the header fields and errors of the client: a route of the
     * application's own, or an extension, by `contentType` and `accept`. It is sent once, unless it has a `key`.
     */
    send(request: RawRequest): Promise<RawResponse>;
    /** The whole URL of a path behind `baseUrl`, such as `/sessions`. */
    url(path: string): string;
    /** Forgets a resource, or all that was read: after a logout, say. */
    forget(target?: Identifier<TypeName<P>>): void;
}
