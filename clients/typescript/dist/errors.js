// What a server refuses, and edits that met somebody else's.
/** A response that is no success: its status, and the JSON:API errors that it has. */
export class JsonApiError extends Error {
    status;
    errors;
    request;
    headers;
    name = "JsonApiError";
    constructor(
    /** The status of the response. */
    status, 
    /** The errors of its document; none if it was not JSON:API, such as a proxy's own page. */
    errors, 
    /** What was asked for. */
    request, 
    /** The header fields of the response. */
    headers) {
        const [first] = errors;
        const why = first?.detail ?? first?.title;
        super(`${request.method} ${request.url}: ${status}${why ? `, ${why}` : ""}`);
        this.status = status;
        this.errors = errors;
        this.request = request;
        this.headers = headers;
    }
    /** The code of the first error. */
    get code() {
        return this.errors[0]?.code;
    }
    /** After how many seconds to try again, if the server says so. */
    get retryAfter() {
        const value = this.headers.get("Retry-After");
        if (value === null)
            return undefined;
        const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
        return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
    }
    /**
     * The errors about a member of the document that was sent: `error.at("attributes", "title")` for a field of a form.
     * What is inside of the member counts.
     */
    at(...members) {
        const pointer = pointerOf("data", ...members);
        return this.errors.filter((error) => isWithin(error.source?.pointer, pointer));
    }
    /** The errors about a query parameter, such as `filter[title]`. */
    about(parameter) {
        return this.errors.filter((error) => error.source?.parameter === parameter);
    }
}
/** Why a 412 is about somebody's change: the reasons of servers that tell one. All others would be refused again. */
const CHANGED = [undefined, "changed", "modified"];
/** Whether a request was refused since somebody has changed the resource (412). */
export function isChanged(error) {
    return error instanceof JsonApiError && error.status === 412 && CHANGED.includes(error.errors[0]?.meta?.reason);
}
/** Whether a request was refused since it did not say which state it is meant for (428). */
export function isTagRequired(error) {
    return error instanceof JsonApiError && error.status === 428;
}
/**
 * Somebody else has changed the resource since it was seen, and there is no merge. Nothing was changed.
 *
 * `theirs` is the resource as it is now, with its tag: show it beside `mine`, and update it.
 */
export class EditConflict extends Error {
    mine;
    theirs;
    base;
    name = "EditConflict";
    constructor(
    /** What was to be saved. */
    mine, 
    /** What there is now. */
    theirs, 
    /** What was seen when `mine` was decided on, as far as it is known. */
    base, options) {
        super("somebody else has changed the resource since it was seen; nothing was saved", options);
        this.mine = mine;
        this.theirs = theirs;
        this.base = base;
    }
}
/** None of several operations was made, since one of them was refused. */
export class OperationsError extends JsonApiError {
    operations;
    name = "OperationsError";
    constructor(error, 
    /** What was to be done. */
    operations) {
        super(error.status, error.errors, error.request, error.headers);
        this.operations = operations;
        this.cause = error;
    }
    /** The place of the first operation that an error is about; `undefined` if they are about the request as a whole. */
    get index() {
        return this.errors.map(placeOf).find((place) => place !== undefined)?.index;
    }
    /** The first operation that an error is about. */
    get operation() {
        return this.index === undefined ? undefined : this.operations[this.index];
    }
    /**
     * The errors about an operation, or about a member of its data: `error.in(operation, "attributes", "title")` for the
     * field of a form. What is inside of the member counts.
     */
    in(operation, ...members) {
        const index = typeof operation === "number" ? operation : this.operations.indexOf(operation);
        const inner = members.length > 0 ? pointerOf("data", ...members) : "";
        return this.errors.filter((error) => {
            const place = placeOf(error);
            return place?.index === index && isWithin(place.inner, inner);
        });
    }
}
/** Which operation an error is about, and where in it. */
function placeOf({ source }) {
    const found = /^\/atomic:operations\/(\d+)(\/.*)?$/.exec(source?.pointer ?? "");
    return found ? { index: Number(found[1]), inner: found[2] ?? "" } : undefined;
}
/** A JSON pointer (RFC 6901 §4). */
function pointerOf(...steps) {
    return steps.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
function isWithin(pointer, outer) {
    return pointer !== undefined && (pointer === outer || pointer.startsWith(`${outer}/`));
}
/** Somebody else has changed the resource of an operation since it was seen. None of the operations was made. */
export class OperationConflict extends EditConflict {
    operation;
    index;
    name = "OperationConflict";
    constructor({ mine, theirs, base, cause }, 
    /** The operation. */
    operation, 
    /** Its place in the request. */
    index) {
        super(mine, theirs, base, { cause });
        this.operation = operation;
        this.index = index;
        this.message = `somebody else has changed the resource of operation ${index} since it was seen; none was made`;
    }
}
