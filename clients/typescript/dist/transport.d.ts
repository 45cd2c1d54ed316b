import { type RepeatOptions } from "./repeats.js";
/** A request that is about to be sent. */
export interface Sending {
    readonly method: string;
    readonly url: string;
    /** 1, and more where an edit is tried again after a merge. */
    readonly attempt: number;
}
/** Header fields, or a function that makes them for each request, such as one that asks for a token. */
export type HeaderSource = HeadersInit | ((request: Sending) => HeadersInit | Promise<HeadersInit>);
/** What a caller may set for any request. */
export interface SendOptions {
    /** Header fields of this request. They win over those of the client, and over those that it sets by itself. */
    headers?: HeaderSource | undefined;
    /** Ends the request, and an edit between two attempts. */
    signal?: AbortSignal | undefined;
}
/**
 * What is to come back of a write: `"minimal"`, its tag and no document; `"representation"`, the document, and what is there
 * now if the write is refused since somebody else has changed it.
 */
export type Preference = "minimal" | "representation";
/** A request of any kind. */
export interface RawRequest extends SendOptions {
    method: string;
    /** A URL, or a path of the server. */
    url: string;
    /** What is sent, as JSON. */
    document?: unknown;
    /** The media type of what is sent; that of JSON:API unless said otherwise (an extension has a parameter). */
    contentType?: string | undefined;
    /** The media type of the answer. */
    accept?: string | undefined;
    /**
     * The `Idempotency-Key` of a write, without quotes; `true` makes one. With it the write is sent again if no answer comes,
     * so it is for routes that know such keys. By default there is none.
     */
    key?: string | boolean | undefined;
    /** What is to come back of a write (RFC 7240). */
    prefer?: Preference | undefined;
    /** Statuses beside 2xx that are no error. */
    allow?: readonly number[];
    /** How the browser's own cache takes part. */
    cache?: RequestCache | undefined;
    attempt?: number;
}
/** A response. */
export interface RawResponse {
    readonly status: number;
    readonly headers: Headers;
    /** The body as it came. */
    readonly text: string;
    /** The URL that was asked. */
    readonly url: string;
}
/** How the server is reached. */
export interface TransportOptions {
    /** What stands before `/sessions`: `https://example.org/v1`, or `/v1` in a page of the same origin. */
    baseUrl: string;
    /** Used in the place of `fetch`: to log, to retry, or in a test. */
    fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
    /** Header fields of every request. */
    headers?: HeaderSource | undefined;
    /** Whether the browser sends cookies: as for `fetch`. */
    credentials?: RequestCredentials | undefined;
    /**
     * How writes are sent again if no answer comes: with the same `Idempotency-Key`, so that they are made once. `false` for
     * a server that doesn't know such keys: they have none then, and are sent once.
     */
    repeats?: RepeatOptions | false | undefined;
}
export declare class Transport {
    #private;
    constructor({ baseUrl, fetch, headers, credentials, repeats }: TransportOptions);
    /** The whole URL of a path behind `baseUrl`, such as `/sessions`. */
    at(path: string): string;
    /**
     * The whole URL of a link. A link to another origin is refused: header fields, such as a token, are for this server
     * only.
     */
    url(link: string): string;
    /** Sends a request. A status that is neither 2xx nor allowed is a `JsonApiError`. */
    send(request: RawRequest): Promise<RawResponse>;
}
