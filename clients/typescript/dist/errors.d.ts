import type { ErrorObject, ResourceObject } from "./json-api.js";
import type { Operation } from "./operations.js";
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
/** None of several operations was made, since one of them was refused. */
export declare class OperationsError extends JsonApiError {
    /** What was to be done. */
    readonly operations: readonly Operation[];
    name: string;
    constructor(error: JsonApiError, 
    /** What was to be done. */
    operations: readonly Operation[]);
    /** The place of the first operation that an error is about; `undefined` if they are about the request as a whole. */
    get index(): number | undefined;
    /** The first operation that an error is about. */
    get operation(): Operation | undefined;
    /**
     * The errors about an operation, or about a member of its data: `error.in(operation, "attributes", "title")` for the
     * field of a form. What is inside of the member counts.
     */
    in(operation: Operation | number, ...members: string[]): ErrorObject[];
}
/** Somebody else has changed the resource of an operation since it was seen. None of the operations was made. */
export declare class OperationConflict<R = ResourceObject, M = unknown> extends EditConflict<R, M> {
    /** The operation. */
    readonly operation: Operation;
    /** Its place in the request. */
    readonly index: number;
    name: string;
    constructor({ mine, theirs, base, cause }: EditConflict<R, M>, 
    /** The operation. */
    operation: Operation, 
    /** Its place in the request. */
    index: number);
}
