// A document that was received.

import {
  type DocumentObject,
  type Identifier,
  type Links,
  type ResourceObject,
  href,
  identity,
} from "./json-api.js";
import type { Included, Relationships, Resource, TypeName } from "./types.js";

/** A JSON:API document: what the server sent, with its entity tag, and with included resources to be found. */
export class Document<D, P = unknown> {
  readonly data: D;
  readonly included: readonly ResourceObject[];
  readonly links: Links;
  readonly meta: Record<string, unknown>;
  /** The entity tag of the response: of the resource, the list or the linkage. */
  readonly etag: string | undefined;
  /** Whether the server has sent it now, or has said that what was kept is still current (304). */
  readonly from: "server" | "kept";
  #index: Map<string, ResourceObject> | undefined;

  constructor(document: DocumentObject<D>, etag: string | undefined, from: "server" | "kept") {
    this.data = document.data;
    this.included = document.included ?? [];
    this.links = document.links ?? {};
    this.meta = document.meta ?? {};
    this.etag = etag;
    this.from = from;
  }

  /**
   * What a relationship of a resource in this document leads to: a resource, null, or a list. `undefined` if the document
   * does not have it, since it was not asked for by `include`. Of a list, those that the document has.
   */
  related<O extends ResourceLike, const N extends Relationships<O>>(owner: O, name: N): Included<P, O, N> | undefined;
  related(owner: ResourceLike, name: string): unknown {
    const linkage = (owner.relationships as ResourceObject["relationships"])?.[name]?.data;
    if (linkage === undefined || linkage === null) return linkage;
    if (!Array.isArray(linkage)) return this.#find(linkage);
    const found = linkage.map((one) => this.#find(one)).filter((one) => one !== undefined);
    return linkage.length > 0 && found.length === 0 ? undefined : found;
  }

  /** A resource of this document, primary or included. */
  find<T extends TypeName<P>>(identifier: { type: T; id: string }): Resource<P, T> | undefined {
    return this.#find(identifier) as Resource<P, T> | undefined;
  }

  #find(identifier: Identifier): ResourceObject | undefined {
    if (!this.#index) {
      const primary = Array.isArray(this.data) ? this.data : this.data ? [this.data] : [];
      const all = [...(primary as ResourceObject[]), ...this.included];
      this.#index = new Map(all.map((one) => [identity(one), one]));
    }
    return this.#index.get(identity(identifier));
  }

  /** The URL of a link, such as `next`; `undefined` without one. */
  link(name: string): string | undefined {
    return href(this.links[name]);
  }
}

/** What has relationships. */
export interface ResourceLike extends Identifier {
  relationships?: object;
}
