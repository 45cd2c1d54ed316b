// The states of resources and of their linkage: as they were seen, and as they are now.

import type { Document } from "./document.js";
import { type Meeting, type State, seenOf } from "./edit.js";
import { type Identifier, type RelationshipObject, type ResourceObject, agrees, isSameLinkage, isSeen } from "./json-api.js";
import { type AnyQuery, queryString } from "./query.js";
import type { ReadOptions, Store } from "./store.js";

/** What is known of a state, and how to find out more: all of a `Meeting` but what is to be done. */
export type Known<R> = Pick<Meeting<any, R>, "url" | "seen" | "read" | "told" | "agrees">;

export class States {
  /** Types whose resources came without a tag, so that nothing is to be found out before an edit. */
  readonly #untagged = new Set<string>();

  constructor(
    readonly store: Store,
    /** The URL of a resource. */
    readonly urlOf: (resource: Identifier) => string,
  ) {}

  /** The URL of a relationship. */
  linkageUrl(owner: Identifier, name: string): string {
    return `${this.urlOf(owner)}/relationships/${name}`;
  }

  /** Reads a resource. */
  async read<R, P>(
    target: Identifier,
    query?: AnyQuery,
    options?: ReadOptions,
  ): Promise<Document<R, P>> {
    const read = await this.store.read<R, P>(this.urlOf(target) + queryString(query), options);
    if (read.etag === undefined) this.#untagged.add(target.type);
    else this.#untagged.delete(target.type);
    return read;
  }

  /** Whether a resource came without its tag, in a list or included, so that it is read before it is changed. */
  isReadBefore(target: Identifier, etag = seenOf(this.store, target, this.urlOf(target)).etag): boolean {
    return etag === undefined && !this.#untagged.has(target.type) && isSeen(target);
  }

  /** A resource. */
  resource<R>(target: Identifier): Known<R> {
    const url = this.urlOf(target);
    return {
      url,
      seen: seenOf(this.store, target as ResourceObject, url) as State<R | undefined>,
      // Not what a cache on the way may have.
      read: (signal) => this.read<R, unknown>(target, undefined, { signal, cache: "no-cache" }),
      told: (current, etag) => this.store.adopt(url, current as R, etag),
      agrees: (one, other) => agrees(one as ResourceObject, other as ResourceObject),
    };
  }

  /** Linkage, at its own URL. */
  linkage<L>(url: string): Known<L> {
    return {
      url,
      seen: this.store.seen<L>(url) ?? { etag: undefined, data: undefined },
      read: (signal) => this.store.read<L, unknown>(url, { signal, cache: "no-cache" }),
      told: (current, etag) => this.store.adopt(url, current as L, etag),
      agrees: isSameLinkage,
    };
  }

  /**
   * Linkage as operations know it: it is part of the state of its resource. Where the resource doesn't show it, it has a
   * state of its own.
   */
  linkageOf(owner: Identifier, name: string): Known<unknown> {
    const whole = this.resource(owner);
    const own = this.linkage(this.linkageUrl(owner, name));
    const shown = shownBy(whole.seen.data, name);
    if (shown === undefined && own.seen.etag !== undefined) return own;
    return {
      url: whole.url,
      seen: { etag: whole.seen.etag, data: shown },
      read: async (signal) => {
        const { etag, data } = await whole.read(signal);
        const linkage = shownBy(data, name);
        return linkage === undefined ? own.read(signal) : { etag, data: linkage };
      },
      told: (current, etag) => {
        const linkage = shownBy(current, name);
        if (linkage === undefined) return own.told(current, etag);
        whole.told(current, etag);
        return { etag, data: linkage };
      },
      agrees: isSameLinkage,
    };
  }
}

function shownBy(resource: unknown, name: string): RelationshipObject["data"] {
  return (resource as ResourceObject | null | undefined)?.relationships?.[name]?.data;
}
