import { type JsonApiError } from "./errors.js";
import { type ResourceObject } from "./json-api.js";
import type { Store } from "./store.js";
import type { RawResponse, SendOptions } from "./transport.js";
/** What an edit may say beside what it changes. */
export interface EditOptions extends SendOptions {
    /**
     * What the edit is for. Without it, it is for the state that was seen: an entity tag of your own; `"*"` for any state of a
     * resource that exists; `false` to send none, so that the last one to save wins.
     */
    ifMatch?: string | false | undefined;
    /** How often the edit is sent at most, if others change the resource again and again. By default 5 times. */
    attempts?: number | undefined;
}
/** A state of what is changed, with its tag. */
export interface State<R> {
    readonly etag: string | undefined;
    readonly data: R;
}
/** How an edit meets those of others. `M` is what it is to save, `R` what it changes. */
export interface Meeting<M, R> {
    /** The URL of what is changed. */
    readonly url: string;
    mine: M;
    /** The state that it is for, as far as it is known. */
    seen: State<R | undefined>;
    /** Reads what is there now. */
    read(signal: AbortSignal | undefined): Promise<State<R>>;
    /** What is there now, of what a refusal tells (`meta.current`). */
    told(current: unknown, etag: string): State<R> | undefined;
    /** Whether what was seen is still so. */
    agrees(seen: R, now: R): boolean;
    /** What to save on top of `theirs`; nothing to give up. */
    merge(mine: M, theirs: R, base: R | undefined): Promise<M | undefined | null | void>;
    /** Whether nothing is left to save. */
    isDone(mine: M): boolean;
}
/** One edit: what is sent, and how it meets the edits of others. */
export interface Edit<M, R> extends Meeting<M, R> {
    readonly options: EditOptions;
    send(mine: M, headers: Record<string, string>, attempt: number): Promise<RawResponse>;
}
/** How an edit has ended: with an answer, or with nothing to save beside what is there already. */
export type Outcome<R> = {
    readonly response: RawResponse;
} | {
    readonly unchanged: R;
};
/** Sends an edit until it is made, refused, or given up. */
export declare function make<M, R>(edit: Edit<M, R>): Promise<Outcome<R>>;
/**
 * What is there now, where the refusal tells it: who prefers a representation (RFC 7240) gets the current one with a 412, and
 * needs no other read.
 */
export declare function stateIn<R>(error: JsonApiError, meeting: Pick<Meeting<never, R>, "told">): State<R> | undefined;
/** Takes what is there now for what the edit is for, after a merge if it is another state than was seen. */
export declare function meet<M, R>(edit: Meeting<M, R> & {
    readonly options: {
        readonly signal?: AbortSignal | undefined;
    };
}, now: State<R>, isUntagged: boolean, cause?: unknown): Promise<Outcome<R> | undefined>;
/**
 * What was seen of a resource that is to be changed: the object that the program holds, if it holds one, and else what
 * came last. A tag goes only with what it is of: the program may hold an older state than the client has seen since.
 */
export declare function seenOf(store: Store, target: ResourceObject, url: string): {
    etag: string | undefined;
    data: ResourceObject | undefined;
};
