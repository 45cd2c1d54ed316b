/**
 * A typed client for JSON:API that never loses an update: it keeps the entity tag of what was seen, and sends it.
 *
 * @packageDocumentation
 */

export { Client, createClient } from "./client.js";
export { Document } from "./document.js";
export type { EditOptions } from "./edit.js";
export { EditConflict, JsonApiError, OperationConflict, OperationsError } from "./errors.js";
export {
  type DocumentObject,
  type ErrorObject,
  type Identifier,
  type Link,
  type Links,
  type LocalIdentifier,
  MEDIA_TYPE,
  type RelationshipObject,
  type ResourceMeta,
  type ResourceObject,
} from "./json-api.js";
export { type Clash, type Merge, type Resolved, mergeLinkage, threeWay } from "./merge.js";
export type { OperationBuilder } from "./operation-builder.js";
export type { Operation, OperationOptions, OperationsOptions, Ref, Results } from "./operations.js";
export type {
  ClientOptions,
  CreateOptions,
  DeleteOptions,
  LinkageOptions,
  OperationTarget,
  RemoveOperationOptions,
  ReplaceOperationOptions,
  Saved,
  Target,
  UpdateOperationOptions,
  UpdateOptions,
} from "./options.js";
export type { Bounds } from "./recent.js";
export type { RepeatOptions } from "./repeats.js";
export type { MemoryOptions } from "./store.js";
export type {
  HeaderSource,
  Preference,
  RawRequest,
  RawResponse,
  SendOptions,
  Sending,
  TransportOptions,
} from "./transport.js";
export type {
  Changes,
  Creation,
  Expression,
  ItemQuery,
  Linkage,
  ListQuery,
  LocalChanges,
  LocalCreation,
  LocalNewLinkage,
  NewLinkage,
  Related,
  RelationshipName,
  Resource,
  ToManyName,
  TypeName,
} from "./types.js";
