import type { ErrorObject, ResourceObject } from "./json-api.js";
/** A response that is no success: its status, and the JSON:API errors that it has. */
export declare class JsonApiError extends Error {
    /** The status of the response. */
    readonly status: number;
    /** The errors of its document; none if it was not JSON:API, such as a proxy's own page. */
    readonly errors: readonly ErrorObject[];
    /** What was asked for. */
    readonly request: {
        readonly method: string;
        readonly url: string;
    };
    /** The header fields of the response. */
    readonly headers: Headers;
    name: string;
    constructor(
    /** The status of the response. */
    status: number, 
    /** The errors of its document; none if it was not JSON:API, such as a proxy's own page. */
    errors: readonly ErrorObject[], 
    /** What was asked for. */
    request: {
        readonly method: string;
        readonly url: string;
    }, 
    /** The header fields of the response. */
    headers: Headers);
    /** The code of the first error. */
    get code(): string | undefined;
    /** After how many seconds to try again, if the server says so. */
    get retryAfter(): number | undefined;
    /**
     * The errors about a member of the document that was sent: `error.at("attributes", "title")` for a field of a form.
     * What is inside of the member counts.
     */
    at(...members: string[]): ErrorObject[];
    /** The errors about a query parameter, such as `filter[title]`. */
    about(parameter: string): ErrorObject[];
}
/** Whether a request was refused since somebody has changed the resource (412). */
export declare function isChanged(error: unknown): error is JsonApiError;
/** Whether a request was refused since it did not say which state it is meant for (428). */
export declare function isTagRequired(error: unknown): error is JsonApiError;
/**
 * Somebody else has changed the resource since it was seen, and there is no merge. Nothing was changed.
 *
 * `theirs` is the resource as it is now, with its tag: show it beside `mine`, and update it.
 */
export declare class EditConflict<R = ResourceObject, M = unknown> extends Error {
    /** What was to be saved. */
    readonly mine: M;
    /** What there is now. */
    readonly theirs: R;
    /** What was seen when `mine` was decided on, as far as it is known. */
    readonly base: R | undefined;
    name: string;
    constructor(
    /** What was to be saved. */
    mine: M, 
    /** What there is now. */
    theirs: R, 
    /** What was seen when `mine` was decided on, as far as it is known. */
    base: R | undefined, options?: {
        cause?: unknown;
    });
}
