// The types of the server of `server.ts`, in the form in which openapi-typescript makes them.

interface Identifier<T extends string> {
  type: T;
  id: string;
}

interface Session extends Identifier<"sessions"> {
  attributes?: { title?: string; subtitle?: string | null; favourites?: number };
  relationships?: { speakers?: { data?: Identifier<"speakers">[] }; track?: { data?: Identifier<"tracks"> | null } };
  meta?: Record<string, never>;
}

interface Speaker extends Identifier<"speakers"> {
  attributes?: { name?: string };
  relationships?: { sessions?: { data?: Identifier<"sessions">[] } };
}

interface Track extends Identifier<"tracks"> {
  attributes?: { name?: string };
}

interface Document<D> {
  data: D;
}

interface Success<S extends number, D> {
  responses: { [K in S]: { content: { "application/vnd.api+json": Document<D> } } };
}

interface Body<D> {
  requestBody: { content: { "application/vnd.api+json": Document<D> } };
}

interface Read<D> extends Success<200, D> {
  parameters: { query?: { include?: ("speakers" | "track")[]; "fields[sessions]"?: ("title" | "subtitle" | "speakers")[] } };
}

type Changes = Omit<Session, "meta" | "attributes"> & { attributes?: NonNullable<Session["attributes"]> };

export interface paths {
  "/v1/sessions": {
    get: Read<Session[]>;
    post: Success<201, Session> & Body<Omit<Changes, "id">>;
  };
  "/v1/sessions/{id}": {
    get: Read<Session>;
    patch: Success<200, Session> & Body<Changes>;
    delete: { responses: { 204: { content?: never } } };
  };
  "/v1/sessions/{id}/relationships/speakers": {
    get: Read<Identifier<"speakers">[]>;
    patch: Success<200, Identifier<"speakers">[]> & Body<Identifier<"speakers">[]>;
    post: Success<200, Identifier<"speakers">[]> & Body<Identifier<"speakers">[]>;
    delete: Success<200, Identifier<"speakers">[]> & Body<Identifier<"speakers">[]>;
  };
  "/v1/speakers/{id}": { get: Read<Speaker> };
  "/v1/tracks": { get: Read<Track[]> };
}
