import type { RawResponse } from "./transport.js";
/** The header field with the key of a write. */
export declare const KEY = "Idempotency-Key";
/** How writes are sent again. */
export interface RepeatOptions {
    /** How often at most, after the first time. By default 3 times. */
    times?: number | undefined;
    /** How long to wait before the first time, in milliseconds; then twice as long each time. By default 250. */
    wait?: number | undefined;
    /** How long to wait at most, in milliseconds. A server that asks for more (`Retry-After`) is not asked again. By default 10,000. */
    longest?: number | undefined;
}
export declare class Repeats {
    #private;
    constructor({ times, wait, longest }: RepeatOptions);
    /** Sends a write until it is answered. It gets a key, unless its header fields have one. */
    send(headers: Headers, once: () => Promise<RawResponse>, signal: AbortSignal | undefined): Promise<RawResponse>;
}
