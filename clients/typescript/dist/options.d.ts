import type { EditOptions } from "./edit.js";
import type { Identifier, LocalIdentifier, ResourceMeta } from "./json-api.js";
import type { Merge } from "./merge.js";
import type { OperationOptions } from "./operations.js";
import type { MemoryOptions } from "./store.js";
import type { SendOptions, TransportOptions } from "./transport.js";
import type { TypeName } from "./types.js";
/** How a client is made. */
export interface ClientOptions<P> extends TransportOptions {
    /** Where types are that have a path of another name: `{ sessions: "/programme" }`. */
    paths?: {
        readonly [T in TypeName<P>]?: string;
    };
    /**
     * Whether documents that may show several resources are asked for with the tag of each (by the profile "Concurrency"), so
     * that what they show is edited without another read. By default so; a server that doesn't know the profile ignores it.
     */
    profile?: boolean;
    /** Where operations are sent. By default `/operations`. */
    operations?: string;
    /** How much is kept in memory. */
    memory?: MemoryOptions;
}
/** Which resource is meant: its identifier, or the resource itself as it was read, which says what was seen of it. */
export type Target<T extends string> = Identifier<T> & {
    readonly meta?: ResourceMeta;
    readonly attributes?: object;
    readonly relationships?: object;
};
/** Which resource an operation is about: one that is there, or, by its `ref`, one that an operation before it makes. */
export type OperationTarget<T extends string> = Target<T> | LocalIdentifier<T>;
/** What a caller who needs no document back gets of a write: enough for the next one. */
export interface Saved<T extends string> extends Identifier<T> {
    readonly meta: ResourceMeta;
}
/** Has a write answered with the new tag alone. */
export interface Minimal {
    return: "minimal";
}
/** What a creation may say. */
export interface CreateOptions extends SendOptions {
    /** `"minimal"`: only the id and the tag come back. */
    return?: "minimal" | undefined;
}
/** What an update may say. */
export interface UpdateOptions<M, R> extends EditOptions {
    /** What becomes of it if somebody else has changed the resource. Without it, that is an `EditConflict`. */
    merge?: Merge<M, R> | undefined;
    /** `"minimal"`: only the new tag comes back. */
    return?: "minimal" | undefined;
}
/** Decides whether to delete a resource that somebody else has changed since it was seen. */
export type Confirm<R> = (theirs: R, base: R | undefined) => boolean | Promise<boolean>;
/** What a deletion may say. */
export interface DeleteOptions<R> extends EditOptions {
    /** Whether to delete a resource that somebody else has changed since it was seen. Without it, that is an `EditConflict`. */
    confirm?: Confirm<R> | undefined;
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
/** What an operation that updates may say. */
export interface UpdateOperationOptions<M, R> extends OperationOptions {
    /** What becomes of it if somebody else has changed the resource. Without it, that is an `OperationConflict`. */
    merge?: Merge<M, R> | undefined;
}
/** What an operation that removes a resource may say. */
export interface RemoveOperationOptions<R> extends OperationOptions {
    /** Whether to remove a resource that somebody else has changed. Without it, that is an `OperationConflict`. */
    confirm?: Confirm<R> | undefined;
}
/** What an operation that replaces linkage may say. */
export interface ReplaceOperationOptions<M, L> extends OperationOptions {
    /** What becomes of it if somebody else has changed the resource of the linkage. Without it, that is an `OperationConflict`. */
    merge?: Merge<M, L> | undefined;
}
