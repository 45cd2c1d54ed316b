// The client: reads, edits and linkage of an API whose types are known.

import type { Document } from "./document.js";
import { type Edit, type EditOptions, type Outcome, make, meet, seenOf } from "./edit.js";
import {
  type Identifier,
  type ResourceMeta,
  type ResourceObject,
  agrees,
  isSameLinkage,
  isSeen,
} from "./json-api.js";
import { type Merge, isEmpty } from "./merge.js";
import { type AnyQuery, queryString } from "./query.js";
import { type MemoryOptions, Store } from "./store.js";
import { type RawRequest, type RawResponse, type SendOptions, Transport, type TransportOptions } from "./transport.js";
import type {
  Changes,
  Creation,
  IdentifierOf,
  ItemQuery,
  Linkage,
  LinkageQuery,
  ListQuery,
  NewLinkage,
  Related,
  RelatedName,
  RelatedQuery,
  RelationshipName,
  Resource,
  ToManyName,
  TypeName,
} from "./types.js";

/** How a client is made. */
export interface ClientOptions<P> extends TransportOptions {
  /** Where types are that have a path of another name: `{ sessions: "/programme" }`. */
  paths?: { readonly [T in TypeName<P>]?: string };
  /** How much is kept in memory. */
  memory?: MemoryOptions;
}

/** Which resource is meant: its identifier, or the resource itself as it was read, which says what was seen of it. */
export type Target<T extends string> = Identifier<T> & {
  readonly meta?: ResourceMeta;
  readonly attributes?: object;
  readonly relationships?: object;
};

/** What an update may say. */
export interface UpdateOptions<M, R> extends EditOptions {
  /** What becomes of it if somebody else has changed the resource. Without it, that is an `EditConflict`. */
  merge?: Merge<M, R> | undefined;
}

/** What a deletion may say. */
export interface DeleteOptions<R> extends EditOptions {
  /** Whether to delete a resource that somebody else has changed since it was seen. Without it, that is an `EditConflict`. */
  confirm?: ((theirs: R, base: R | undefined) => boolean | Promise<boolean>) | undefined;
}

/** What a change of linkage may say. */
export interface LinkageOptions<L> extends EditOptions {
  /** The linkage that the change was decided on. Without it, that which was read last. */
  seen?: { readonly data: L; readonly etag: string | undefined } | undefined;
  /** What becomes of it if somebody else has changed the linkage. */
  merge?: Merge<L, L> | undefined;
}

/** Makes a client. `P` is the `paths` of what openapi-typescript has made of the API's document. */
export function createClient<P>(options: ClientOptions<P>): Client<P> {
  return new Client<P>(options);
}

/**
 * A client of a JSON:API with entity tags. It sends `If-None-Match` with what it has read before, and `If-Match` with
 * what an edit was decided on.
 */
export class Client<P> {
  readonly #transport: Transport;
  readonly #store: Store;
  readonly #paths: Readonly<Record<string, string | undefined>>;
  /** Types whose resources came without a tag, so that nothing is to be found out before an edit. */
  readonly #untagged = new Set<string>();

  constructor({ paths, memory, ...transport }: ClientOptions<P>) {
    this.#paths = { ...paths };
    this.#transport = new Transport(transport);
    this.#store = new Store(this.#transport, memory ?? {}, (resource) => this.#urlOf(resource));
  }

  /** Reads a list. */
  list<T extends TypeName<P>>(
    type: T,
    query?: ListQuery<P, T>,
    options?: SendOptions,
  ): Promise<Document<Resource<P, T>[], P>> {
    return this.#store.read(this.#collection(type) + queryString(query as AnyQuery), options);
  }

  /** Reads a list page by page, as far as it is asked for. */
  async *pages<T extends TypeName<P>>(
    type: T,
    query?: ListQuery<P, T>,
    options?: SendOptions,
  ): AsyncGenerator<Document<Resource<P, T>[], P>, void, undefined> {
    let page = await this.list(type, query, options);
    for (;;) {
      yield page;
      const next = page.link("next");
      if (next === undefined) return;
      page = await this.#store.read(next, options);
    }
  }

  /** Reads a resource. */
  async get<T extends TypeName<P>>(
    type: T,
    id: string,
    query?: ItemQuery<P, T>,
    options?: SendOptions,
  ): Promise<Document<Resource<P, T>, P>> {
    return this.#read<T>({ type, id }, query as AnyQuery, options);
  }

  /** Reads a link of a document, such as `next`. */
  follow<D>(link: string, options?: SendOptions): Promise<Document<D, P>> {
    return this.#store.read(link, options);
  }

  /** Reads what is related to a resource. */
  related<T extends TypeName<P>, const N extends RelatedName<P, T>>(
    owner: Target<T>,
    name: N,
    query?: RelatedQuery<P, T, N>,
    options?: SendOptions,
  ): Promise<Document<Related<P, T, N>, P>> {
    return this.#store.read(`${this.#urlOf(owner)}/${name}${queryString(query as AnyQuery)}`, options);
  }

  /** Makes a resource. */
  async create<T extends TypeName<P>>(
    type: T,
    members: Creation<P, T>,
    query?: ItemQuery<P, T>,
    options: SendOptions = {},
  ): Promise<Document<Resource<P, T>, P>> {
    const response = await this.#transport.send({
      ...options,
      method: "POST",
      url: this.#collection(type) + queryString(query as AnyQuery),
      document: { data: { type, ...members } },
    });
    return this.#store.written(response, "resource");
  }

  /**
   * Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last.
   *
   * If somebody else has changed it, `merge` decides what to save on top of that, and it is tried again.
   */
  async update<T extends TypeName<P>>(
    target: Target<T>,
    changes: Changes<P, T>,
    options: UpdateOptions<Changes<P, T>, Resource<P, T>> & { query?: ItemQuery<P, T> } = {},
  ): Promise<Document<Resource<P, T>, P>> {
    const url = this.#urlOf(target);
    const { type, id } = target;
    const query = options.query as AnyQuery | undefined;
    const edit = this.#edit<T, Changes<P, T>>(target, changes, options, {
      merge: async (mine, theirs, base) => options.merge?.(mine, theirs, base),
      isDone: (mine) => isEmpty(mine),
      send: (mine, headers, attempt) =>
        this.#write("PATCH", url + queryString(query), headers, attempt, options, { data: { type, id, ...mine } }),
    });
    const outcome = (await this.#beforehand(edit, target)) ?? (await make(edit));
    if ("response" in outcome && outcome.response.text !== "") {
      return this.#store.written(outcome.response, "resource");
    }
    // Nothing came with it (204), or there was nothing to save.
    return this.#read<T>({ type, id }, query, { signal: options.signal });
  }

  /** Deletes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
  async delete<T extends TypeName<P>>(target: Target<T>, options: DeleteOptions<Resource<P, T>> = {}): Promise<void> {
    const url = this.#urlOf(target);
    const edit = this.#edit<T, "delete">(target, "delete", options, {
      merge: async (mine, theirs, base) => ((await options.confirm?.(theirs, base)) ? mine : undefined),
      isDone: () => false,
      send: (_, headers, attempt) => this.#write("DELETE", url, headers, attempt, options),
    });
    if (!(await this.#beforehand(edit, target))) await make(edit);
    this.#store.forget(url);
  }

  /** Reads which resources a relationship leads to. */
  linkage<T extends TypeName<P>, const N extends RelationshipName<P, T>>(
    owner: Target<T>,
    name: N,
    query?: LinkageQuery<P, T, N>,
    options?: SendOptions,
  ): Promise<Document<Linkage<P, T, N>, P>> {
    return this.#store.read(this.#linkageUrl(owner, name) + queryString(query as AnyQuery), options);
  }

  /** Adds to a relationship to many. What others add or remove meanwhile is no conflict. */
  add<T extends TypeName<P>, const N extends ToManyName<P, T>>(
    owner: Target<T>,
    name: N,
    identifiers: readonly IdentifierOf<NewLinkage<P, T, N>>[],
    options: LinkageOptions<Linkage<P, T, N>> = {},
  ): Promise<Document<Linkage<P, T, N>, P> | undefined> {
    return this.#relate("POST", owner, name, identifiers, { merge: (mine) => mine, ...options });
  }

  /** Removes from a relationship to many. What others add or remove meanwhile is no conflict. */
  remove<T extends TypeName<P>, const N extends ToManyName<P, T>>(
    owner: Target<T>,
    name: N,
    identifiers: readonly IdentifierOf<NewLinkage<P, T, N>>[],
    options: LinkageOptions<Linkage<P, T, N>> = {},
  ): Promise<Document<Linkage<P, T, N>, P> | undefined> {
    return this.#relate("DELETE", owner, name, identifiers, { merge: (mine) => mine, ...options });
  }

  /**
   * Replaces the linkage of a relationship: by identifiers, or by one or null. If somebody else has changed it since it
   * was seen, `merge` decides; `mergeLinkage` keeps the additions and removals of both.
   */
  replace<T extends TypeName<P>, const N extends RelationshipName<P, T>>(
    owner: Target<T>,
    name: N,
    linkage: NewLinkage<P, T, N>,
    options: LinkageOptions<Linkage<P, T, N>> = {},
  ): Promise<Document<Linkage<P, T, N>, P> | undefined> {
    return this.#relate("PATCH", owner, name, linkage, options);
  }

  /**
   * Sends a request of any kind to the server, with the header fields and errors of the client: a route of the
   * application's own, or an extension, by `contentType` and `accept`.
   */
  send(request: RawRequest): Promise<RawResponse> {
    return this.#transport.send(request);
  }

  /** The whole URL of a path behind `baseUrl`, such as `/sessions`. */
  url(path: string): string {
    return this.#transport.at(path);
  }

  /** Forgets a resource, or all that was read: after a logout, say. */
  forget(target?: Identifier<TypeName<P>>): void {
    if (target) this.#store.forget(this.#urlOf(target));
    else this.#store.clear();
  }

  #collection(type: string): string {
    const path = this.#paths[type] ?? `/${type}`;
    return this.#transport.at(path.startsWith("/") ? path : `/${path}`);
  }

  #urlOf({ type, id }: Identifier): string {
    return `${this.#collection(type)}/${encodeURIComponent(id)}`;
  }

  #linkageUrl(owner: Identifier, name: string): string {
    return `${this.#urlOf(owner)}/relationships/${name}`;
  }

  async #read<T extends TypeName<P>>(
    target: Identifier<T>,
    query?: AnyQuery,
    options?: SendOptions & { cache?: RequestCache },
  ): Promise<Document<Resource<P, T>, P>> {
    const read = await this.#store.read<Resource<P, T>, P>(this.#urlOf(target) + queryString(query), options);
    if (read.etag === undefined) this.#untagged.add(target.type);
    else this.#untagged.delete(target.type);
    return read;
  }

  /** What all edits of a resource share. */
  #edit<T extends TypeName<P>, M>(
    target: Target<T>,
    mine: M,
    options: EditOptions,
    own: Pick<Edit<M, Resource<P, T>>, "merge" | "isDone" | "send">,
  ): Edit<M, Resource<P, T>> {
    const url = this.#urlOf(target);
    const seen = seenOf(this.#store, target as ResourceObject, url) as Edit<M, Resource<P, T>>["seen"];
    return {
      ...own,
      options,
      url,
      mine,
      seen,
      // Not what a cache on the way may have.
      read: () => this.#read<T>(target, undefined, { signal: options.signal, cache: "no-cache" }),
      agrees: (one, other) => agrees(one as unknown as ResourceObject, other as unknown as ResourceObject),
    };
  }

  /**
   * What was read in a list, or included, has no tag. Before it is edited, the resource is read, and its tag serves if it
   * is still as it was seen.
   */
  async #beforehand<T extends TypeName<P>, M>(
    edit: Edit<M, Resource<P, T>>,
    target: Target<T>,
  ): Promise<Outcome<Resource<P, T>> | undefined> {
    const { ifMatch } = edit.options;
    const isKnown = edit.seen.etag !== undefined || ifMatch !== undefined || this.#untagged.has(target.type);
    if (isKnown || !isSeen(target as ResourceObject)) return undefined;
    return meet(edit, await edit.read(), true);
  }

  async #relate<L>(
    method: "POST" | "PATCH" | "DELETE",
    owner: Identifier,
    name: string,
    linkage: unknown,
    options: LinkageOptions<L>,
  ): Promise<Document<L, P> | undefined> {
    const url = this.#linkageUrl(owner, name);
    const { seen, merge } = options;
    const outcome = await make<L, L>({
      options,
      url,
      mine: linkage as L,
      seen: seen ?? this.#store.seen<L>(url) ?? { etag: undefined, data: undefined },
      read: () => this.#store.read<L, P>(url, { signal: options.signal, cache: "no-cache" }),
      agrees: isSameLinkage,
      merge: async (mine, theirs, base) => merge?.(mine, theirs, base),
      isDone: () => false,
      send: (mine, headers, attempt) => this.#write(method, url, headers, attempt, options, { data: mine }),
    });
    // The owner shows the linkage: it is in another state now.
    this.#store.forget(this.#urlOf(owner));
    if (!("response" in outcome)) return undefined;
    const { response } = outcome;
    if (response.text !== "") return this.#store.written<L, P>(response, "linkage");
    this.#store.remember(url, response.headers.get("ETag"));
    return undefined;
  }

  #write(
    method: string,
    url: string,
    preconditions: Record<string, string>,
    attempt: number,
    { headers, signal }: SendOptions,
    document?: unknown,
  ): Promise<RawResponse> {
    return this.#transport.send({
      method,
      url,
      document,
      signal,
      attempt,
      headers: async (request) => {
        const fields = new Headers(preconditions);
        const own = new Headers(typeof headers === "function" ? await headers(request) : headers);
        own.forEach((value, name) => fields.set(name, value));
        return fields;
      },
    });
  }
}
