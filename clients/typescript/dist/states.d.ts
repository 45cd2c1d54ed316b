import type { Document } from "./document.js";
import { type Meeting } from "./edit.js";
import { type Identifier } from "./json-api.js";
import { type AnyQuery } from "./query.js";
import type { ReadOptions, Store } from "./store.js";
/** What is known of a state, and how to find out more: all of a `Meeting` but what is to be done. */
export type Known<R> = Pick<Meeting<any, R>, "url" | "seen" | "read" | "told" | "agrees">;
export declare class States {
    #private;
    readonly store: Store;
    /** The URL of a resource. */
    readonly urlOf: (resource: Identifier) => string;
    constructor(store: Store, 
    /** The URL of a resource. */
    urlOf: (resource: Identifier) => string);
    /** The URL of a relationship. */
    linkageUrl(owner: Identifier, name: string): string;
    /** Reads a resource. */
    read<R, P>(target: Identifier, query?: AnyQuery, options?: ReadOptions): Promise<Document<R, P>>;
    /** Whether a resource came without its tag, in a list or included, so that it is read before it is changed. */
    isReadBefore(target: Identifier, etag?: string | undefined): boolean;
    /** A resource. */
    resource<R>(target: Identifier): Known<R>;
    /** Linkage, at its own URL. */
    linkage<L>(url: string): Known<L>;
    /**
     * Linkage as operations know it: it is part of the state of its resource. Where the resource doesn't show it, it has a
     * state of its own.
     */
    linkageOf(owner: Identifier, name: string): Known<unknown>;
}
