// What a server refuses, and edits that met somebody else's.

import type { ErrorObject, ResourceObject } from "./json-api.js";

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
    const steps = ["data", ...members].map((step) => step.replaceAll("~", "~0").replaceAll("/", "~1"));
    const pointer = `/${steps.join("/")}`;
    return this.errors.filter((error) => {
      const found = error.source?.pointer;
      return found === pointer || found?.startsWith(`${pointer}/`);
    });
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
