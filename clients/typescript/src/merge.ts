// What becomes of an edit that met somebody else's.

import { type Identifier, type ResourceObject, identity, isSame, isSameLinkage } from "./json-api.js";

/** The members that an edit is to set. */
export interface AnyChanges {
  attributes?: object;
  relationships?: object;
}

/**
 * Decides what is saved after somebody else has changed the resource: the changes to make to `theirs`, or nothing
 * to give up, which throws an `EditConflict`. It may wait for a person.
 *
 * `mine` is what was to be saved, `theirs` the resource as it is now, and `base` what was seen when `mine` was decided
 * on, `undefined` if nothing was.
 */
export type Merge<M = AnyChanges, R = ResourceObject> = (
  mine: M,
  theirs: R,
  base: R | undefined,
) => M | undefined | null | void | Promise<M | undefined | null | void>;

/** A member that both have changed, to different values. */
export interface Clash {
  readonly kind: "attribute" | "relationship";
  readonly name: string;
  readonly mine: unknown;
  readonly theirs: unknown;
  readonly base: unknown;
}

/** A value to save. */
export interface Resolved {
  readonly value: unknown;
}

/**
 * A merge member by member: what only one of the two has changed is kept. Of lists of related resources, both additions
 * and both removals are kept. Where both have changed a member, `resolve` says what is saved; without it, or if it gives
 * nothing, the edit is given up.
 *
 * It looks at each member alone. Where two members must fit together (a start and an end), write a merge of your own.
 */
export function threeWay(resolve?: (clash: Clash) => Resolved | undefined) {
  return <M extends AnyChanges, R extends object>(mine: M, theirs: R, base: R | undefined): M | undefined => {
    const merged: { attributes: Record<string, unknown>; relationships: Record<string, unknown> } = {
      attributes: {},
      relationships: {},
    };
    const now = theirs as ResourceObject;
    const before = base as ResourceObject | undefined;
    for (const [name, value] of Object.entries(mine.attributes ?? {})) {
      const other = now.attributes?.[name];
      if (isSame(value, other)) continue;
      const known = before?.attributes !== undefined && Object.hasOwn(before.attributes, name);
      if (known && isSame(other, before.attributes?.[name])) {
        merged.attributes[name] = value;
        continue;
      }
      const resolved = resolve?.({
        kind: "attribute",
        name,
        mine: value,
        theirs: other,
        base: before?.attributes?.[name],
      });
      if (!resolved) return undefined;
      merged.attributes[name] = resolved.value;
    }
    for (const [name, value] of Object.entries(mine.relationships ?? {})) {
      const wanted = (value as { data: unknown }).data;
      const other = now.relationships?.[name]?.data;
      const seen = before?.relationships?.[name]?.data;
      if (isSameLinkage(wanted, other)) continue;
      if (seen !== undefined && isSameLinkage(other, seen)) {
        merged.relationships[name] = value;
        continue;
      }
      if (Array.isArray(wanted) && Array.isArray(other) && Array.isArray(seen)) {
        merged.relationships[name] = { data: mergeLinkage(wanted as Identifier[], other, seen) };
        continue;
      }
      const resolved = resolve?.({ kind: "relationship", name, mine: wanted, theirs: other, base: seen });
      if (!resolved) return undefined;
      merged.relationships[name] = { data: resolved.value };
    }
    const { attributes, relationships } = merged;
    return {
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(Object.keys(relationships).length > 0 && { relationships }),
    } as unknown as M;
  };
}

/** Theirs, with what mine has added to what was seen, and without what it has removed. */
export function mergeLinkage<I extends Identifier>(mine: readonly I[], theirs: readonly I[], base: readonly I[]): I[] {
  const known = (list: readonly I[]): Set<string> => new Set(list.map(identity));
  const [inMine, inTheirs, inBase] = [known(mine), known(theirs), known(base)];
  const kept = theirs.filter((one) => inMine.has(identity(one)) || !inBase.has(identity(one)));
  const added = mine.filter((one) => !inBase.has(identity(one)) && !inTheirs.has(identity(one)));
  return [...kept, ...added];
}

/** Whether there is nothing to save. */
export function isEmpty(changes: AnyChanges): boolean {
  return [changes.attributes, changes.relationships].every((members) => Object.keys(members ?? {}).length === 0);
}
