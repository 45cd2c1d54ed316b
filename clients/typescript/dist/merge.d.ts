import { type Identifier, type ResourceObject } from "./json-api.js";
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
export type Merge<M = AnyChanges, R = ResourceObject> = (mine: M, theirs: R, base: R | undefined) => M | undefined | null | void | Promise<M | undefined | null | void>;
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
export declare function threeWay(resolve?: (clash: Clash) => Resolved | undefined): <M extends AnyChanges, R extends object>(mine: M, theirs: R, base: R | undefined) => M | undefined;
/** Theirs, with what mine has added to what was seen, and without what it has removed. */
export declare function mergeLinkage<I extends Identifier>(mine: readonly I[], theirs: readonly I[], base: readonly I[]): I[];
/** Whether there is nothing to save. */
export declare function isEmpty(changes: AnyChanges): boolean;
