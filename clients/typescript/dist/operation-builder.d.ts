import type { Meeting } from "./edit.js";
import type { Identifier, ResourceMeta } from "./json-api.js";
import { Operation, type OperationOptions } from "./operations.js";
import type { OperationTarget, RemoveOperationOptions, ReplaceOperationOptions, UpdateOperationOptions } from "./options.js";
import type { IdentifierOf, Linkage, Local, LocalChanges, LocalCreation, LocalNewLinkage, NewLinkage, RelationshipName, Resource, ToManyName, TypeName } from "./types.js";
/** How changes of a resource, and of its linkage, meet those of others. */
export interface Meetings {
    resource(target: Identifier, own: Pick<Meeting<any, any>, "mine" | "merge" | "isDone">): Meeting<any, any>;
    linkage(owner: Identifier, name: string, own: Pick<Meeting<any, any>, "mine" | "merge">): Meeting<any, any>;
    /** Whether a resource came without its tag, so that it is read before it is changed. */
    isReadBefore(target: Identifier): boolean;
}
/** Makes operations, for `operations`. They are sent there, and not before. */
export declare class OperationBuilder<P> {
    #private;
    constructor(meetings: Meetings);
    /** Makes a resource. Operations behind it name it by its `ref`: `{ data: track.ref }`. */
    add<T extends TypeName<P>>(type: T, members: LocalCreation<P, T>): Operation<Resource<P, T>, T>;
    /** Changes a resource, if it is still as `target` was read. A bare identifier means: as it was read last. */
    update<T extends TypeName<P>>(target: OperationTarget<T>, changes: LocalChanges<P, T>, options?: UpdateOperationOptions<LocalChanges<P, T>, Resource<P, T>>): Operation<Resource<P, T>, T>;
    /** Removes a resource, if it is still as `target` was read. */
    remove<T extends TypeName<P>>(target: OperationTarget<T>, options?: RemoveOperationOptions<Resource<P, T>>): Operation<undefined, T>;
    /** Adds to a relationship to many. What others add or remove meanwhile is no conflict. */
    addTo<T extends TypeName<P>, const N extends ToManyName<P, T>>(owner: OperationTarget<T>, name: N, identifiers: readonly Local<IdentifierOf<NewLinkage<P, T, N>>>[], options?: OperationOptions): Operation<ResourceMeta, T>;
    /** Removes from a relationship to many. What others add or remove meanwhile is no conflict. */
    removeFrom<T extends TypeName<P>, const N extends ToManyName<P, T>>(owner: OperationTarget<T>, name: N, identifiers: readonly Local<IdentifierOf<NewLinkage<P, T, N>>>[], options?: OperationOptions): Operation<ResourceMeta, T>;
    /** Replaces the linkage of a relationship, if its resource is still as `owner` was read. */
    replace<T extends TypeName<P>, const N extends RelationshipName<P, T>>(owner: OperationTarget<T>, name: N, linkage: LocalNewLinkage<P, T, N>, options?: ReplaceOperationOptions<LocalNewLinkage<P, T, N>, Linkage<P, T, N>>): Operation<ResourceMeta, T>;
}
