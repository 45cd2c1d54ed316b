import { type Meeting } from "./edit.js";
import { type Identifier, type LocalIdentifier, type ResourceObject } from "./json-api.js";
import type { SendOptions, Transport } from "./transport.js";
/** What an operation is about: a resource that is there, or one that the same request makes. */
export type Ref<T extends string = string> = Identifier<T> | LocalIdentifier<T>;
/** What an operation may say of the state that it is for. */
export interface OperationOptions {
    /**
     * Without it, it is for the state that was seen, as in `update`: an entity tag of your own, or several; `"*"` for any
     * state of a resource that exists; `false` to send none.
     */
    ifMatch?: string | readonly string[] | false | undefined;
    /** Refuses the operation if the resource has changed since. It counts only where no tag is sent. */
    ifUnmodifiedSince?: Date | undefined;
}
/** What a request of operations may say. */
export interface OperationsOptions extends SendOptions {
    /** How often an operation is sent at most, if others change its resource again and again. By default 5 times. */
    attempts?: number | undefined;
}
/** What is to be done. */
export interface Draft {
    readonly op: "add" | "update" | "remove";
    readonly ref: Ref;
    readonly relationship?: string;
    /** What is to be saved. */
    readonly mine?: unknown;
    /** What is sent of it as `data`. A removal of a resource has none. */
    readonly data?: (mine: any) => unknown;
    readonly options: OperationOptions;
    /** How it meets the edits of others. What is right in any state, such as an addition to linkage, meets none. */
    readonly meeting?: () => Meeting<any, any>;
    /** Whether the resource is read before, since it came without its tag. */
    readonly isReadBefore?: () => boolean;
}
/**
 * An operation, for `operations`. `D` is its result: a resource, or the `meta` with the new tag of a resource whose
 * relationship is changed, or nothing after a removal.
 */
export declare class Operation<D = unknown, T extends string = string> {
    readonly draft: Draft;
    readonly result?: D;
    constructor(draft: Draft);
    /**
     * Which resource it is about, as other operations of the same request name it in linkage and as their target. One that it
     * makes has a local id (`lid`), which the server forgets when all is made.
     */
    get ref(): Ref<T>;
}
/** The results of operations, in their order. */
export type Results<O extends readonly Operation<any, any>[]> = {
    -readonly [K in keyof O]: O[K] extends Operation<infer D, any> ? D : never;
};
/** What operations need of the client. */
export interface Surroundings {
    readonly transport: Transport;
    /** Where they are sent. */
    readonly url: string;
    /** Remembers a resource that came in a result. */
    adopt(resource: ResourceObject): void;
    /** Forgets a resource that is in another state now. */
    forget(resource: Identifier): void;
}
/** Sends operations until they are made, refused, or given up. */
export declare function makeAll(operations: readonly Operation[], options: OperationsOptions, around: Surroundings): Promise<unknown[]>;
/** The identifier alone, of whatever has one. */
export declare function plain<T extends string>(ref: Ref<T>): Ref<T>;
