// The client: reads, edits and linkage of an API whose types are known.

import type { Document } from "./document.js";
import { type Edit, type Outcome, make, meet } from "./edit.js";
import { CONCURRENCY, type Identifier, MEDIA_TYPE } from "./json-api.js";
import { isEmpty } from "./merge.js";
import { OperationBuilder } from "./operation-builder.js";
import { type Operation, type OperationsOptions, type Results, makeAll } from "./operations.js";
import type {
  ClientOptions,
  CreateOptions,
  DeleteOptions,
  LinkageOptions,
  Minimal,
  Saved,
  Target,
  UpdateOptions,
} from "./options.js";
import { type AnyQuery, queryString } from "./query.js";
import { States } from "./states.js";
import { Store } from "./store.js";
import { type Preference, type RawRequest, type RawResponse, type SendOptions, Transport } from "./transport.js";
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
  readonly #states: States;
  readonly #paths: Readonly<Record<string, string | undefined>>;
  readonly #operations: string;
  /** The media types of documents that may show several resources, each with its tag. */
  readonly #accept: string | undefined;
  /** Makes operations, for `operations`: `api.op.add("tracks", …)`, `api.op.update(session, …)`, `api.op.remove(session)`. */
  readonly op: OperationBuilder<P>;

  constructor({ paths, memory, operations = "/operations", profile = true, ...transport }: ClientOptions<P>) {
    this.#paths = { ...paths };
    // Who knows no profiles, nor parameters of the media type, takes the other one.
    this.#accept = profile ? `${MEDIA_TYPE};profile="${CONCURRENCY}", ${MEDIA_TYPE};q=0.9` : undefined;
    this.#operations = operations;
    this.#transport = new Transport(transport);
    this.#store = new Store(this.#transport, memory ?? {}, (resource) => this.#urlOf(resource));
    const states = new States(this.#store, (resource) => this.#urlOf(resource));
    this.#states = states;
    this.op = new OperationBuilder<P>({
      resource: (target, own) => ({ ...states.resource(target), ...own }),
      linkage: (owner, name, own) => ({ ...states.linkageOf(owner, name), ...own, isDone: () => false }),
      isReadBefore: (target) => states.isReadBefore(target),
    });
  }

  /** Reads a list. */
  list<T extends TypeName<P>>(
    type: T,
    query?: ListQuery<P, T>,
    options?: SendOptions,
  ): Promise<Document<Resource<P, T>[], P>> {
    return this.#readMany(this.#collection(type) + queryString(query as AnyQuery), options);
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
      page = await this.#readMany(next, options);
    }
  }

  /** Reads a resource. */
  async get<T extends TypeName<P>>(
    type: T,
    id: string,
    query?: ItemQuery<P, T>,
    options?: SendOptions,
  ): Promise<Document<Resource<P, T>, P>> {
    // The tag of the resource itself is that of the answer.
    const { include } = (query ?? {}) as { include?: readonly string[] };
    return this.#states.read({ type, id }, query as AnyQuery, include ? { ...options, accept: this.#accept } : options);
  }

  /** Reads a link of a document, such as `next`. */
  follow<D>(link: string, options?: SendOptions): Promise<Document<D, P>> {
    return this.#readMany(link, options);
  }

  /** Reads what is related to a resource. */
  related<T extends TypeName<P>, const N extends RelatedName<P, T>>(
    owner: Target<T>,
    name: N,
    query?: RelatedQuery<P, T, N>,
    options?: SendOptions,
  ): Promise<Document<Related<P, T, N>, P>> {
    return this.#readMany(`${this.#urlOf(owner)}/${name}${queryString(query as AnyQuery)}`, options);
  }

  /** Makes a resource. */
  create<T extends TypeName<P>>(
    type: T,
    members: Creation<P, T>,
    query: ItemQuery<P, T> | undefined,
    options: CreateOptions & Minimal,
  ): Promise<Saved<T>>;
  create<T extends TypeName<P>>(
    type: T,
    members: Creation<P, T>,
    query?: ItemQuery<P, T>,
    options?: SendOptions,
  ): Promise<Document<Resource<P, T>, P>>;
  async create<T extends TypeName<P>>(
    type: T,
    members: Creation<P, T>,
    query?: ItemQuery<P, T>,
    options: CreateOptions = {},
  ): Promise<Document<Resource<P, T>, P> | Saved<T>> {
    const response = await this.#transport.send({
      ...options,
      method: "POST",
      url: this.#collection(type) + queryString(query as AnyQuery),
      document: { data: { type, ...members } },
      prefer: options.return,
      key: true,
    });
    return options.return ? this.#saved(type, undefined, response) : this.#store.written(response, "resource");
  }

  /**
   * Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last.
   *
   * If somebody else has changed it, `merge` decides what to save on top of that, and it is tried again.
   */
  update<T extends TypeName<P>>(
    target: Target<T>,
    changes: Changes<P, T>,
    options: UpdateOptions<Changes<P, T>, Resource<P, T>> & Minimal,
  ): Promise<Saved<T>>;
  update<T extends TypeName<P>>(
    target: Target<T>,
    changes: Changes<P, T>,
    options?: UpdateOptions<Changes<P, T>, Resource<P, T>> & { query?: ItemQuery<P, T> },
  ): Promise<Document<Resource<P, T>, P>>;
  async update<T extends TypeName<P>>(
    target: Target<T>,
    changes: Changes<P, T>,
    options: UpdateOptions<Changes<P, T>, Resource<P, T>> & { query?: ItemQuery<P, T> } = {},
  ): Promise<Document<Resource<P, T>, P> | Saved<T>> {
    const { type, id } = target;
    const query = options.query as AnyQuery | undefined;
    const url = this.#urlOf(target) + queryString(query);
    const edit: Edit<Changes<P, T>, Resource<P, T>> = {
      ...this.#states.resource<Resource<P, T>>(target),
      options,
      mine: changes,
      merge: async (mine, theirs, base) => options.merge?.(mine, theirs, base),
      isDone: (mine) => isEmpty(mine),
      send: (mine, headers, attempt) =>
        this.#write("PATCH", url, headers, attempt, options, { data: { type, id, ...mine } }, options.return),
    };
    const outcome = (await this.#beforehand(edit, target)) ?? (await make(edit));
    if (options.return && "response" in outcome) return this.#saved(type, id, outcome.response);
    if (options.return) return { type, id, meta: edit.seen.etag === undefined ? {} : { etag: edit.seen.etag } };
    if ("response" in outcome && outcome.response.text !== "") {
      return this.#store.written(outcome.response, "resource");
    }
    // Nothing came with it (204), or there was nothing to save.
    return this.#states.read({ type, id }, query, { signal: options.signal });
  }

  /** Deletes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
  async delete<T extends TypeName<P>>(target: Target<T>, options: DeleteOptions<Resource<P, T>> = {}): Promise<void> {
    const url = this.#urlOf(target);
    const edit: Edit<"delete", Resource<P, T>> = {
      ...this.#states.resource<Resource<P, T>>(target),
      options,
      mine: "delete",
      merge: async (mine, theirs, base) => ((await options.confirm?.(theirs, base)) ? mine : undefined),
      isDone: () => false,
      send: (_, headers, attempt) => this.#write("DELETE", url, headers, attempt, options),
    };
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
    return this.#store.read(this.#states.linkageUrl(owner, name) + queryString(query as AnyQuery), options);
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
   * Makes several changes, all of them or none: the results stand in the order of the operations, which `op` makes. Each is
   * for the state that was seen of its resource.
   *
   * If somebody else has changed one, nothing is made. Its `merge` decides what to save on top of that, and all are tried
   * again; without one, that is an `OperationConflict`. All else that is refused is an `OperationsError`, which says of which
   * operation.
   */
  async operations<const O extends readonly Operation<any, any>[]>(
    operations: O,
    options: OperationsOptions = {},
  ): Promise<Results<O>> {
    const results = await makeAll(operations, options, {
      transport: this.#transport,
      url: this.#transport.at(this.#operations),
      adopt: (resource) => {
        const { etag } = resource.meta ?? {};
        if (typeof etag === "string") this.#store.adopt(this.#urlOf(resource), resource, etag);
        else this.forget(resource as Identifier<never>);
      },
      forget: (resource) => this.#store.forget(this.#urlOf(resource)),
    });
    return results as Results<O>;
  }

  /**
   * Sends a request of any kind to the server, with the header fields and errors of the client: a route of the
   * application's own, or an extension, by `contentType` and `accept`. It is sent once, unless it has a `key`.
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

  #readMany<D>(link: string, options?: SendOptions): Promise<Document<D, P>> {
    return this.#store.read(link, { ...options, accept: this.#accept });
  }

  #collection(type: string): string {
    const path = this.#paths[type] ?? `/${type}`;
    return this.#transport.at(path.startsWith("/") ? path : `/${path}`);
  }

  #urlOf({ type, id }: Identifier): string {
    return `${this.#collection(type)}/${encodeURIComponent(id)}`;
  }

  /** What is known of a write whose answer has no document. */
  #saved<T extends string>(type: T, known: string | undefined, response: RawResponse): Saved<T> {
    const location = new URL(response.headers.get("Location") ?? "", response.url).pathname;
    const id = known ?? decodeURIComponent(location.slice(location.lastIndexOf("/") + 1));
    const etag = response.headers.get("ETag");
    this.#store.remember(this.#urlOf({ type, id }), etag);
    return { type, id, meta: etag === null ? {} : { etag } };
  }

  /**
   * What was read in a list, or included, has no tag. Before it is edited, the resource is read, and its tag serves if it
   * is still as it was seen.
   */
  async #beforehand<T extends TypeName<P>, M>(
    edit: Edit<M, Resource<P, T>>,
    target: Target<T>,
  ): Promise<Outcome<Resource<P, T>> | undefined> {
    if (edit.options.ifMatch !== undefined || !this.#states.isReadBefore(target, edit.seen.etag)) return undefined;
    return meet(edit, await edit.read(edit.options.signal), true);
  }

  async #relate<L>(
    method: "POST" | "PATCH" | "DELETE",
    owner: Identifier,
    name: string,
    linkage: unknown,
    options: LinkageOptions<L>,
  ): Promise<Document<L, P> | undefined> {
    const url = this.#states.linkageUrl(owner, name);
    const { seen, merge } = options;
    const known = this.#states.linkage<L>(url);
    const outcome = await make<L, L>({
      ...known,
      options,
      mine: linkage as L,
      seen: seen ?? known.seen,
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
    prefer?: Preference,
  ): Promise<RawResponse> {
    const isForState = "If-Match" in preconditions;
    return this.#transport.send({
      method,
      url,
      document,
      // Where another state is found, it comes with the refusal.
      prefer: prefer ?? (isForState ? "representation" : undefined),
      key: true,
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
