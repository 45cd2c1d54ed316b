/**
 * A typed client for JSON:API that never loses an update: it keeps the entity tag of what was seen, and sends it.
 *
 * @packageDocumentation
 */

export {
  Client,
  type ClientOptions,
  type DeleteOptions,
  type LinkageOptions,
  type Target,
  type UpdateOptions,
  createClient,
} from "./client.js";
export { Document } from "./document.js";
export type { EditOptions } from "./edit.js";
export { EditConflict, JsonApiError } from "./errors.js";
export {
  type DocumentObject,
  type ErrorObject,
  type Identifier,
  type Link,
  type Links,
  MEDIA_TYPE,
  type RelationshipObject,
  type ResourceMeta,
  type ResourceObject,
} from "./json-api.js";
export { type Clash, type Merge, type Resolved, mergeLinkage, threeWay } from "./merge.js";
export type { Bounds } from "./recent.js";
export type { MemoryOptions } from "./store.js";
export type {
  HeaderSource,
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
  NewLinkage,
  Related,
  RelationshipName,
  Resource,
  ToManyName,
  TypeName,
} from "./types.js";
