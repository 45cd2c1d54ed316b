// What a server refuses, and edits that met somebody else's.

import type { ErrorObject, ResourceObject } from "./json-api.js";
import type { Operation } from "./operations.js";

/** A response that is no success: its status, and the JSON:API errors that it has. */
export class JsonApiError extends Error {
  override name = "JsonApiError";

  constructor(
    /** The status of the response. */
    readonly status: number,
    /** The errors of its document; none if it was not JSON:API, such as a proxy's own page. */
    readonly errors: readonly ErrorObject[],
    /** What was asked for. */
    readonly request: { readonly method: string; readonly url: string },
    /** The header fields of the response. */
    readonly headers: Headers,
  ) {
    const [first] = errors;
    const why = first?.detail ?? first?.title;
    super(`${request.method} ${request.url}: ${status}${why ? `, ${why}` : ""}`);
  }

  /** The code of the first error. */
  get code(): string | undefined {
    return this.errors[0]?.code;
  }

  /** After how many seconds to try again, if the server says so. */
  get retryAfter(): number | undefined {
    const value = this.headers.get("Retry-After");
    if (value === null) return undefined;
    const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
    return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
  }

  /**
   * The errors about a member of the document that was sent: `error.at("attributes", "title")` for a field of a form.
   * What is inside of the member counts.
   */
  at(...members: string[]): ErrorObject[] {
    const pointer = pointerOf("data", ...members);
    return this.errors.filter((error) => isWithin(error.source?.pointer, pointer));
  }

  /** The errors about a query parameter, such as `filter[title]`. */
  about(parameter: string): ErrorObject[] {
    return this.errors.filter((error) => error.source?.parameter === parameter);
  }
}

/** Why a 412 is about somebody's change: the reasons of servers that tell one. All others would be refused again. */
const CHANGED: readonly unknown[] = [undefined, "changed", "modified"];

/** Whether a request was refused since somebody has changed the resource (412). */
export function isChanged(error: unknown): error is JsonApiError {
  return error instanceof JsonApiError && error.status === 412 && CHANGED.includes(error.errors[0]?.meta?.reason);
}

/** Whether a request was refused since it did not say which state it is meant for (428). */
export function isTagRequired(error: unknown): error is JsonApiError {
  return error instanceof JsonApiError && error.status === 428;
}

/**
 * Somebody else has changed the resource since it was seen, and there is no merge. Nothing was changed.
 *
 * `theirs` is the resource as it is now, with its tag: show it beside `mine`, and update it.
 */
export class EditConflict<R = ResourceObject, M = unknown> extends Error {
  override name = "EditConflict";

  constructor(
    /** What was to be saved. */
    readonly mine: M,
    /** What there is now. */
    readonly theirs: R,
    /** What was seen when `mine` was decided on, as far as it is known. */
    readonly base: R | undefined,
    options?: { cause?: unknown },
  ) {
    super("somebody else has changed the resource since it was seen; nothing was saved", options);
  }
}

/** None of several operations was made, since one of them was refused. */
export class OperationsError extends JsonApiError {
  override name = "OperationsError";

  constructor(
    error: JsonApiError,
    /** What was to be done. */
    readonly operations: readonly Operation[],
  ) {
    super(error.status, error.errors, error.request, error.headers);
    this.cause = error;
  }

  /** The place of the first operation that an error is about; `undefined` if they are about the request as a whole. */
  get index(): number | undefined {
    return this.errors.map(placeOf).find((place) => place !== undefined)?.index;
  }

  /** The first operation that an error is about. */
  get operation(): Operation | undefined {
    return this.index === undefined ? undefined : this.operations[this.index];
  }

  /**
   * The errors about an operation, or about a member of its data: `error.in(operation, "attributes", "title")` for the
   * field of a form. What is inside of the member counts.
   */
  in(operation: Operation | number, ...members: string[]): ErrorObject[] {
    const index = typeof operation === "number" ? operation : this.operations.indexOf(operation);
    const inner = members.length > 0 ? pointerOf("data", ...members) : "";
    return this.errors.filter((error) => {
      const place = placeOf(error);
      return place?.index === index && isWithin(place.inner, inner);
    });
  }
}

/** Which operation an error is about, and where in it. */
function placeOf({ source }: ErrorObject): { index: number; inner: string } | undefined {
  const found = /^\/atomic:operations\/(\d+)(\/.*)?$/.exec(source?.pointer ?? "");
  return found ? { index: Number(found[1]), inner: found[2] ?? "" } : undefined;
}

/** A JSON pointer (RFC 6901 §4). */
function pointerOf(...steps: string[]): string {
  return steps.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function isWithin(pointer: string | undefined, outer: string): boolean {
  return pointer !== undefined && (pointer === outer || pointer.startsWith(`${outer}/`));
}

/** Somebody else has changed the resource of an operation since it was seen. None of the operations was made. */
export class OperationConflict<R = ResourceObject, M = unknown> extends EditConflict<R, M> {
  override name = "OperationConflict";

  constructor(
    { mine, theirs, base, cause }: EditConflict<R, M>,
    /** The operation. */
    readonly operation: Operation,
    /** Its place in the request. */
    readonly index: number,
  ) {
    super(mine, theirs, base, { cause });
    this.message = `somebody else has changed the resource of operation ${index} since it was seen; none was made`;
  }
}
