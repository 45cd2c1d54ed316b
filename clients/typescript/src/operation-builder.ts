// The operations that a client can make, with the types of its API.

import type { Meeting } from "./edit.js";
import type { Identifier, ResourceMeta } from "./json-api.js";
import { isEmpty } from "./merge.js";
import { type Draft, Operation, type OperationOptions, type Ref, plain } from "./operations.js";
import type {
  OperationTarget,
  RemoveOperationOptions,
  ReplaceOperationOptions,
  UpdateOperationOptions,
} from "./options.js";
import type {
  IdentifierOf,
  Linkage,
  Local,
  LocalChanges,
  LocalCreation,
  LocalNewLinkage,
  NewLinkage,
  RelationshipName,
  Resource,
  ToManyName,
  TypeName,
} from "./types.js";

/** How changes of a resource, and of its linkage, meet those of others. */
export interface Meetings {
  resource(target: Identifier, own: Pick<Meeting<any, any>, "mine" | "merge" | "isDone">): Meeting<any, any>;
  linkage(owner: Identifier, name: string, own: Pick<Meeting<any, any>, "mine" | "merge">): Meeting<any, any>;
  /** Whether a resource came without its tag, so that it is read before it is changed. */
  isReadBefore(target: Identifier): boolean;
}

/** Makes operations, for `operations`. They are sent there, and not before. */
export class OperationBuilder<P> {
  readonly #meetings: Meetings;
  #made = 0;

  constructor(meetings: Meetings) {
    this.#meetings = meetings;
  }

  /** Makes a resource. Operations behind it name it by its `ref`: `{ data: track.ref }`. */
  add<T extends TypeName<P>>(type: T, members: LocalCreation<P, T>): Operation<Resource<P, T>, T> {
    const { id } = members as { id?: string };
    const ref: Ref<T> = id === undefined ? { type, lid: `new-${(this.#made += 1)}` } : { type, id };
    return new Operation({ op: "add", ref, mine: members, data: (mine: object) => ({ ...ref, ...mine }), options: {} });
  }

  /** Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
  update<T extends TypeName<P>>(
    target: OperationTarget<T>,
    changes: LocalChanges<P, T>,
    options: UpdateOperationOptions<LocalChanges<P, T>, Resource<P, T>> = {},
  ): Operation<Resource<P, T>, T> {
    return new Operation({
      op: "update",
      ...this.#resource(target, options, {
        mine: changes,
        merge: async (mine, theirs, base) => options.merge?.(mine, theirs, base),
        // It is sent all the same: the others are for the state that this one has seen, too.
        isDone: (mine) => isEmpty(mine),
      }),
      data: (mine: object) => ({ ...plain(target), ...mine }),
    });
  }

  /** Removes a resource, if it is still as `target` was read. */
  remove<T extends TypeName<P>>(
    target: OperationTarget<T>,
    options: RemoveOperationOptions<Resource<P, T>> = {},
  ): Operation<undefined, T> {
    return new Operation({
      op: "remove",
      ...this.#resource(target, options, {
        mine: "remove",
        merge: async (mine, theirs, base) => ((await options.confirm?.(theirs, base)) ? mine : undefined),
        isDone: () => false,
      }),
    });
  }

  /** Adds to a relationship to many. What others add or remove meanwhile is no conflict. */
  addTo<T extends TypeName<P>, const N extends ToManyName<P, T>>(
    owner: OperationTarget<T>,
    name: N,
    identifiers: readonly Local<IdentifierOf<NewLinkage<P, T, N>>>[],
    options: OperationOptions = {},
  ): Operation<ResourceMeta, T> {
    return this.#linkage("add", owner, name, identifiers, options);
  }

  /** Removes from a relationship to many. What others add or remove meanwhile is no conflict. */
  removeFrom<T extends TypeName<P>, const N extends ToManyName<P, T>>(
    owner: OperationTarget<T>,
    name: N,
    identifiers: readonly Local<IdentifierOf<NewLinkage<P, T, N>>>[],
    options: OperationOptions = {},
  ): Operation<ResourceMeta, T> {
    return this.#linkage("remove", owner, name, identifiers, options);
  }

  /** Replaces the linkage of a relationship, if its resource is still as `owner` was read. */
  replace<T extends TypeName<P>, const N extends RelationshipName<P, T>>(
    owner: OperationTarget<T>,
    name: N,
    linkage: LocalNewLinkage<P, T, N>,
    options: ReplaceOperationOptions<LocalNewLinkage<P, T, N>, Linkage<P, T, N>> = {},
  ): Operation<ResourceMeta, T> {
    return this.#linkage("update", owner, name, linkage, options, async (mine, theirs, base) =>
      options.merge?.(mine, theirs, base),
    );
  }

  /** What operations on a resource share. Nobody else knows of a resource that the same request makes. */
  #resource<T extends string>(
    target: OperationTarget<T>,
    options: OperationOptions,
    own: Pick<Meeting<any, any>, "mine" | "merge" | "isDone">,
  ): Pick<Draft, "ref" | "mine" | "options" | "meeting" | "isReadBefore"> {
    const shared = { ref: plain(target), mine: own.mine, options };
    if ("lid" in target) return shared;
    return {
      ...shared,
      meeting: () => this.#meetings.resource(target, own),
      isReadBefore: () => this.#meetings.isReadBefore(target),
    };
  }

  #linkage<T extends string>(
    op: Draft["op"],
    owner: OperationTarget<T>,
    relationship: string,
    mine: unknown,
    options: OperationOptions,
    merge?: Meeting<any, any>["merge"],
  ): Operation<ResourceMeta, T> {
    const draft = { op, ref: plain(owner), relationship, mine, data: bare, options };
    if (!merge || "lid" in owner) return new Operation(draft);
    return new Operation({ ...draft, meeting: () => this.#meetings.linkage(owner, relationship, { mine, merge }) });
  }
}

/** Linkage without what a program may have beside: whole resources are identifiers, too. */
function bare(linkage: readonly Ref[] | Ref | null): unknown {
  if (linkage === null) return null;
  return Array.isArray(linkage) ? linkage.map(plain) : plain(linkage as Ref);
}
