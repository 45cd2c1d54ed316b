// Edits: each is made for the state that was seen, and for no other.

import { EditConflict, type JsonApiError, isChanged, isTagRequired } from "./errors.js";
import { type ResourceMeta, type ResourceObject, agrees, isSeen } from "./json-api.js";
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
export type Outcome<R> = { readonly response: RawResponse } | { readonly unchanged: R };

/** Sends an edit until it is made, refused, or given up. */
export async function make<M, R>(edit: Edit<M, R>): Promise<Outcome<R>> {
  const { options } = edit;
  const attempts = options.attempts ?? 5;
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    const tag = options.ifMatch === false ? undefined : (options.ifMatch ?? edit.seen.etag);
    try {
      const headers: Record<string, string> = tag === undefined ? {} : { "If-Match": tag };
      return { response: await edit.send(edit.mine, headers, attempt) };
    } catch (error) {
      // Who has said which state it is for is told that it is another one.
      if (options.ifMatch !== undefined || attempt >= attempts) throw error;
      const isUntagged = isTagRequired(error) && tag === undefined;
      if (!isUntagged && !isChanged(error)) throw error;
      const now = stateIn(error, edit) ?? (await edit.read(options.signal));
      // The server's tags do not tell its states apart, or something between here and there changes them.
      if (now.etag === undefined || now.etag === tag) throw error;
      const unchanged = await meet(edit, now, isUntagged, error);
      if (unchanged) return unchanged;
    }
  }
}

/**
 * What is there now, where the refusal tells it: who prefers a representation (RFC 7240) gets the current one with a 412, and
 * needs no other read.
 */
export function stateIn<R>(error: JsonApiError, meeting: Pick<Meeting<never, R>, "told">): State<R> | undefined {
  const { current, etag } = error.errors[0]?.meta ?? {};
  if (current === undefined) return undefined;
  const own = (current as { meta?: ResourceMeta } | null)?.meta?.etag;
  const tag = [etag, own, error.headers.get("ETag")].find((tag) => typeof tag === "string");
  return tag === undefined ? undefined : meeting.told(current, tag as string);
}

/** Takes what is there now for what the edit is for, after a merge if it is another state than was seen. */
export async function meet<M, R>(
  edit: Meeting<M, R> & { readonly options: { readonly signal?: AbortSignal | undefined } },
  now: State<R>,
  isUntagged: boolean,
  cause?: unknown,
): Promise<Outcome<R> | undefined> {
  const base = edit.seen.data;
  // Whoever has seen nothing decides for any state; and what is as it was seen is no other state.
  const isFree = isUntagged && (base === undefined || edit.agrees(base, now.data));
  edit.seen = now;
  if (isFree) return undefined;
  const merged = await edit.merge(edit.mine, now.data, base);
  edit.options.signal?.throwIfAborted();
  if (merged === undefined || merged === null) throw new EditConflict(edit.mine, now.data, base, { cause });
  edit.mine = merged;
  return edit.isDone(merged) ? { unchanged: now.data } : undefined;
}

/**
 * What was seen of a resource that is to be changed: the object that the program holds, if it holds one, and else what
 * came last. A tag goes only with what it is of: the program may hold an older state than the client has seen since.
 */
export function seenOf(
  store: Store,
  target: ResourceObject,
  url: string,
): { etag: string | undefined; data: ResourceObject | undefined } {
  const last = store.seen<ResourceObject>(url);
  const seen = isSeen(target) ? target : undefined;
  const own = target.meta?.etag;
  if (typeof own === "string") return { etag: own, data: seen ?? (last?.etag === own ? last.data : undefined) };
  if (!seen) return last ?? { etag: undefined, data: undefined };
  const isLast = last?.data !== undefined && isOfOneState(seen, last.data);
  return { etag: isLast ? last.etag : undefined, data: seen };
}

/** Whether all that was seen is known to be the same. */
function isOfOneState(seen: ResourceObject, last: ResourceObject): boolean {
  const isKnown = Object.keys(seen.attributes ?? {}).every((name) => Object.hasOwn(last.attributes ?? {}, name));
  return isKnown && agrees(seen, last);
}
