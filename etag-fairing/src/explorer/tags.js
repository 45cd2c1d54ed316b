// What was read is remembered with its entity tag. The tag is filled into `If-Match` of changes, so that a change overwrites
// nothing that its author has not seen, and on request into `If-None-Match` of reads. Beside the answers it says what 304, 412
// and 428 mean; after the last two it fetches what is there now. Several operations of one request have their tags in the body.
// A write gets an `Idempotency-Key` on request.

const MEDIA_TYPE = "application/vnd.api+json";

// What was read ------------------------------------------------------------------------------------------------------

/// So many URLs are remembered. The one that was read longest ago is forgotten first.
const MOST_URLS = 200;

/// By URL without its query: the tag of the last answer, when it came, and the document.
///
/// A resource may be changed with the tag that it had with `include` or `fields`, too: such a tag begins with the state of
/// the resource, and a change compares only that. Where a read is sent with the tag of another query, it is just not the
/// current one.
const known = new Map();

/// The components that show what is known.
const watchers = new Set();

function keyOf(url) {
  const { origin, pathname } = new URL(url, document.baseURI);
  const decoded = (segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  };
  return origin + pathname.split("/").map(decoded).join("/");
}

function remember(url, tag, body) {
  const key = keyOf(url);
  known.delete(key);
  known.set(key, { tag, at: new Date(), body });
  if (known.size > MOST_URLS) known.delete(known.keys().next().value);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/// Remembers the resources of an answer that say their own tags in `meta.etag`, such as the results of operations.
function rememberResources(url, body) {
  const results = (body?.["atomic:results"] ?? []).map((result) => result?.data);
  for (const resource of [body?.data, body?.included, results].flat()) {
    const [tag, self] = [resource?.meta?.etag, resource?.links?.self];
    const says = typeof tag === "string" && typeof self === "string" && URL.canParse(self, url);
    if (says) remember(new URL(self, url), tag, { data: resource });
  }
}

/// Learns from an answer. The tag that comes with 412 is not kept: nobody here has seen the state that it names, and a
/// change that is sent with it would overwrite that.
function learn(method, url, { status, text, header }) {
  const [tag, location] = [header("etag"), header("location")];
  // A change that is 404 may speak of another resource.
  const isGone = method === "get" ? status === 404 || status === 410 : method === "delete" && status < 300 && !tag;
  if (isGone) {
    const key = keyOf(url);
    for (const other of [...known.keys()]) {
      if (other === key || other.startsWith(`${key}/`)) known.delete(other);
    }
  } else if (status === 304) {
    const before = known.get(keyOf(url));
    if (before) before.at = new Date();
  } else if (status >= 200 && status < 300) {
    const [body, from] = [parsed(text), new URL(url, document.baseURI)];
    rememberResources(from, body);
    if (tag) remember(status === 201 && location ? new URL(location, from) : from, tag, body);
  }
  for (const draw of watchers) draw();
}

// Operations ---------------------------------------------------------------------------------------------------------

/// The operations of a request, each with the URL of the resource that it is about, unless it makes one.
function operationsOf(text, url) {
  const operations = parsed(text)?.["atomic:operations"];
  if (!Array.isArray(operations)) return [];
  return operations.map((operation) => {
    const { type, id } = operation?.ref ?? operation?.data ?? {};
    const isNew = operation?.op === "add" && !operation.ref && !operation.href;
    const named = typeof id === "string" ? `${encodeURIComponent(type)}/${encodeURIComponent(id)}` : undefined;
    // The tag is that of the resource, also where a relationship is changed.
    const href = (operation?.href ?? named)?.replace(/\/relationships\/[^/]*$/, "");
    const about = !isNew && href && URL.canParse(href, url) ? new URL(href, url).href : undefined;
    return { operation, url: about };
  });
}

/// The place of the operation that an answer is about.
function refusedOperation(response) {
  const pointer = parsed(response.get("text"))?.errors?.[0]?.source?.pointer ?? "";
  const found = /^\/atomic:operations\/(\d+)/.exec(pointer);
  return found ? Number(found[1]) : undefined;
}

/// A text that nobody else has. Browsers have `randomUUID` only where the page is secure.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return crypto.randomUUID?.() ?? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Requests -----------------------------------------------------------------------------------------------------------

export function requestInterceptor(request) {
  // What the server answers is shown, never a copy of the browser's, which would make a 200 of a 304.
  if (!request.loadSpec) request.cache = "no-store";
  return request;
}

export function responseInterceptor(response) {
  // Swagger UI takes every status that is not 2xx for an error.
  if (response.status === 304) response.ok = true;
  return response;
}

/// Reads the URL of a request, with all that it was sent with but its conditions and its body.
async function fetchAgain({ url, headers, credentials }) {
  const own = Object.entries(headers ?? {}).filter(([name]) => !/^(accept|content-type|prefer|idempotency-key|if-.*)$/i.test(name));
  const options = { headers: { ...Object.fromEntries(own), Accept: MEDIA_TYPE }, credentials, cache: "no-store" };
  const before = known.get(keyOf(url));
  const response = await fetch(url, options);
  const { status } = response;
  learn("get", url, { status, text: await response.text(), header: (name) => response.headers.get(name) });
  const now = known.get(keyOf(url));
  // Whoever asks for it wants its tag, whatever the field had before.
  if (now && status === 200) now.isAskedFor = true;
  for (const draw of watchers) draw();
  return { status, before, now };
}

/// The members that two documents differ in, as text.
function differences(before, now) {
  const members = ({ data } = {}) => {
    if (!data || Array.isArray(data)) return { data };
    const linkage = Object.entries(data.relationships ?? {}).map(([name, { data }]) => [name, data]);
    return { ...data.attributes, ...Object.fromEntries(linkage), ...(data.attributes ? {} : { data }) };
  };
  const [one, other] = [members(before), members(now)];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .map((name) => ({ name, before: JSON.stringify(one[name]), now: JSON.stringify(other[name]) }))
    .filter(({ before, now }) => before !== now);
}

// Entity tags --------------------------------------------------------------------------------------------------------

/// The fields that are filled in, until somebody wants to see what comes without.
const filling = { "If-Match": true, "If-None-Match": false };

const OFFERS = {
  "If-Match": "Fill in the tag of what I have read",
  "If-None-Match": "Only if it has changed since I have read it",
};

export function entityTags({ React, getSystem }) {
  const h = React.createElement;

  /// Draws a component again when something was learnt.
  function useKnown() {
    const [, draw] = React.useReducer((count) => count + 1, 0);
    React.useEffect(() => {
      watchers.add(draw);
      return () => watchers.delete(draw);
    }, []);
  }

  /// The URL of an operation, without its query; `undefined` as long as a parameter of the path is not filled in.
  function urlOf(path, method) {
    const { specSelectors, oas3Selectors } = getSystem();
    const namespace = `${path}:${method}`;
    const server = oas3Selectors.selectedServer(namespace) || oas3Selectors.selectedServer();
    const base = oas3Selectors.serverEffectiveValue({ server, namespace }) ?? "/";
    let isComplete = true;
    const filled = path.replace(/\{([^}]+)\}/g, (_, name) => {
      const value = specSelectors.parameterWithMeta([path, method], name, "path").get("value");
      isComplete &&= (value ?? "") !== "";
      return encodeURIComponent(value);
    });
    const documentUrl = new URL(specSelectors.url(), document.baseURI);
    return isComplete ? new URL(base.replace(/\/$/, "") + filled, documentUrl).href : undefined;
  }

  /// Below the field of a precondition: whether it is filled in, and with what.
  function Filled({ name, param, rawParam, pathMethod, onChange }) {
    useKnown();
    const filled = React.useRef("");
    const url = urlOf(...pathMethod);
    const read = url && known.get(keyOf(url));
    const value = param.get("value") ?? "";
    // Swagger UI begins with the example of the document, if there is one.
    const example = rawParam.get("example") ?? rawParam.getIn(["schema", "example"]);
    const isOurs = value === "" || value === filled.current || value === example || read?.isAskedFor;
    const wanted = (filling[name] && read?.tag) || "";
    React.useEffect(() => {
      if (read && name === "If-Match") read.isAskedFor = false;
      if (!isOurs || value === wanted) return;
      filled.current = wanted;
      // An empty field would be sent as a precondition that is never met.
      onChange(rawParam, wanted || null, false);
    });
    const toggle = () => {
      filling[name] = !filling[name];
      for (const draw of watchers) draw();
    };
    let told = "Nothing was read here so far.";
    if (!isOurs) told = "As you have written it.";
    else if (read) told = `Read at ${read.at.toLocaleTimeString()}.`;
    else if (name === "If-Match") told += " Without a tag, a change overwrites whatever is there.";
    return h("div", { className: "explorer-fill" },
      h("label", null, h("input", { type: "checkbox", checked: filling[name], onChange: toggle }), ` ${OFFERS[name]}`),
      h("span", null, told),
      read && name === "If-Match" && h(Begin, { read, pathMethod }),
      // Without it Swagger UI would not send a change that needs a tag.
      url && !read && name === "If-Match" && h("button",
        { className: "explorer-link", type: "button", onClick: () => fetchAgain({ url }) }, "Fetch it"));
  }

  /// Puts what was read into the body of a change: the members that the change may have.
  function Begin({ read, pathMethod }) {
    const [path, method] = pathMethod;
    const { specSelectors, oas3Actions } = getSystem();
    const schema = ["paths", path, method, "requestBody", "content", MEDIA_TYPE, "schema", "properties", "data"];
    const { data } = read.body ?? {};
    if (method === "delete" || data === undefined || !specSelectors.specResolvedSubtree(schema)) return null;
    const begin = () => {
      const attributes = specSelectors.specResolvedSubtree([...schema, "properties", "attributes", "properties"]);
      const mayHave = Object.entries(data?.attributes ?? {}).filter(([name]) => !attributes || attributes.has(name));
      const body = data?.attributes
        ? { type: data.type, id: data.id, attributes: Object.fromEntries(mayHave) }
        : data;
      oas3Actions.setRequestBodyValue({ value: JSON.stringify({ data: body }, null, 2), pathMethod });
    };
    return h("button", { className: "explorer-link", type: "button", onClick: begin }, "Put what I have read into the body");
  }

  /// Below the field of a key.
  function Key({ param, rawParam, onChange }) {
    const make = () => onChange(rawParam, `"${newKey()}"`, false);
    const told = param.get("value")
      ? "Sent once more with this key, it is not made again: you get the first answer. For another change make a new key."
      : "Without a key, what is sent twice is made twice.";
    return h("div", { className: "explorer-fill" },
      h("button", { className: "explorer-link", type: "button", onClick: make }, "Make a new key"), h("span", null, told));
  }

  /// Whether an operation of the document takes those of JSON:API's extension.
  function isOfOperations([path, method]) {
    const content = getSystem().specSelectors.specResolvedSubtree(["paths", path, method, "requestBody", "content"]);
    return Boolean(content?.keySeq().some((type) => type.includes("https://jsonapi.org/ext/atomic")));
  }

  /// Puts the tags of what was read into the operations of a body: into the first one on each resource.
  function Tags({ pathMethod }) {
    useKnown();
    const [path, method] = pathMethod;
    const { oas3Selectors, oas3Actions } = getSystem();
    const fill = () => {
      const text = oas3Selectors.requestBodyValue(path, method);
      const filled = new Set();
      const operations = operationsOf(text, urlOf(path, method)).map(({ operation, url }) => {
        const tag = url && !filled.has(keyOf(url)) && known.get(keyOf(url))?.tag;
        if (url) filled.add(keyOf(url));
        return tag ? { ...operation, meta: { ...operation.meta, ifMatch: tag } } : operation;
      });
      if (operations.length === 0) return;
      const body = { ...parsed(text), "atomic:operations": operations };
      oas3Actions.setRequestBodyValue({ value: JSON.stringify(body, null, 2), pathMethod });
    };
    return h("div", { className: "explorer-fill" },
      h("button", { className: "explorer-link", type: "button", onClick: fill }, "Put the tags of what I have read into the operations"),
      h("span", null, "An operation without one overwrites whatever is there."));
  }

  function ParameterRow({ Original, ...props }) {
    const { rawParam, param, pathMethod, isExecute, onChange } = props;
    const name = rawParam.get("in") === "header" ? rawParam.get("name") : "";
    // Swagger UI makes a value up where a parameter is JSON, such as a list of conditions, which would be sent.
    const wasEmpty = param.get("value") === undefined;
    React.useEffect(() => {
      if (wasEmpty && rawParam.has("content") && !rawParam.get("required")) onChange(rawParam, null, false);
    }, []);
    const row = h(Original, props);
    if (isExecute && name === "Idempotency-Key") {
      return h(React.Fragment, null, row, h("tr", { className: "explorer-row" }, h("td"), h("td", null, h(Key, props))));
    }
    if (isExecute && name === "Prefer" && isOfOperations(pathMethod)) {
      return h(React.Fragment, null, row, h("tr", { className: "explorer-row" }, h("td"), h("td", null, h(Tags, props))));
    }
    // What a new resource is compared with is the list, of which a query may have shown another part.
    const [path, method] = pathMethod;
    const isCreation = method === "post" && !path.includes("/relationships/");
    // Each precondition is known to both, and has a use for one of them.
    const isFilled = name === (method === "get" ? "If-None-Match" : "If-Match");
    if (!isExecute || !isFilled || isCreation) return row;
    return h(React.Fragment, null, row,
      h("tr", { className: "explorer-row" }, h("td"), h("td", null, h(Filled, { ...props, name }))));
  }

  /// Above an answer: what its status means here.
  function Notice({ response, path, method }) {
    const { specSelectors } = getSystem();
    const request = specSelectors.mutatedRequestFor(path, method)?.toJS() ?? {};
    const status = response.get("status");
    const read = request.url && known.get(keyOf(request.url));
    if (status === 304) {
      return h("div", { className: "explorer-notice current", role: "status" },
        h("p", null, h("strong", null, "304 Not Modified."),
          " Nothing has changed since you have read it, so that nothing is sent again: what you have is current."),
        read?.body && h("details", null, h("summary", null, "What you have"),
          h("pre", null, JSON.stringify(read.body, null, 2))));
    }
    if (response.getIn(["headers", "idempotency-replayed"])) {
      return h("div", { className: "explorer-notice current", role: "status" },
        h("p", null, h("strong", null, "Sent before."),
          " A request with this key was made already, and this is its answer. Nothing was made this time."));
    }
    if (status !== 412 && status !== 428) return null;
    const index = refusedOperation(response);
    if (index !== undefined) return h(OfOperation, { response, request, index });
    const [title, ...told] = status === 412
      ? ["412 Precondition Failed.", " Somebody else has changed it since you have read it, or you have, at another URL. ",
         "Your request has changed nothing, so that nothing of theirs is lost."]
      : ["428 Precondition Required.", " A change here must say which state it is made for. Your request has changed nothing. ",
         "Fetch it, and its tag is filled into If-Match."];
    return h("div", { className: "explorer-notice refused", role: "alert" },
      h("p", null, h("strong", null, title), ...told),
      // What was fetched after one answer is not shown beside the next.
      h(Again, { key: response.hashCode(), request, label: status === 412 ? "Fetch it again" : "Fetch it" }));
  }

  /// The same of one of several operations.
  function OfOperation({ response, request, index }) {
    const { operation, url } = operationsOf(request.body, request.url)[index] ?? {};
    const { type, id } = operation?.ref ?? operation?.data ?? {};
    const name = operation?.href ?? [type, id].filter(Boolean).join(" ");
    const [title, told] = response.get("status") === 412
      ? ["412 Precondition Failed.", "Somebody has changed its resource since you have read it. "]
      : ["428 Precondition Required.", "It must say which state it is made for, in meta.ifMatch. "];
    return h("div", { className: "explorer-notice refused", role: "alert" },
      h("p", null, h("strong", null, title), ` Operation ${index} (${operation?.op} ${name}) was refused. ${told}`,
        "None of the operations was made."),
      url && h(Again, { key: response.hashCode(), request: { ...request, url }, label: "Fetch it again" }));
  }

  /// Fetches what is there now, and shows what is different.
  function Again({ request, label }) {
    const [answer, setAnswer] = React.useState();
    const fetchIt = () => fetchAgain(request).then(setAnswer, (error) => setAnswer({ error }));
    const button = h("button", { className: "btn explorer-again", type: "button", onClick: fetchIt }, label);
    if (!answer) return button;
    const { before, now, status, error } = answer;
    if (error) return h("div", null, button, h("p", null, `It could not be fetched: ${error.message}`));
    if (status === 404 || status === 410) return h("p", null, "It is not there any more.");
    if (status !== 200 || !now) return h("div", null, button, h("p", null, `The answer was ${status}.`));
    const rows = before?.body ? differences(before.body, now.body) : [];
    return h("div", { className: "explorer-now" },
      h("p", null, `This is what is there now${filling["If-Match"] && !request.body?.includes("atomic:operations") ? ", and its tag is in If-Match" : ""}. `,
        "Look at your change again, then execute it."),
      rows.length > 0 && h("table", null,
        h("thead", null, h("tr", null, ...["", "When you read it", "Now"].map((text, index) => h("th", { key: index }, text)))),
        h("tbody", null, ...rows.map(({ name, before, now }) =>
          h("tr", { key: name }, h("th", null, name), h("td", null, before), h("td", null, now))))),
      h("details", null, h("summary", null, "All of it"), h("pre", null, JSON.stringify(now.body, null, 2))));
  }

  return {
    wrapComponents: {
      parameterRow: (Original) => (props) => h(ParameterRow, { Original, ...props }),
      liveResponse: (Original) => (props) => h(React.Fragment, null, h(Notice, props), h(Original, props)),
    },
    statePlugins: {
      spec: {
        wrapActions: {
          setResponse: (original) => (path, method, result) => {
            const response = result.error ? result.err.response : result;
            if (response?.url) {
              const { status, text, headers, url } = response;
              learn(method, url, { status, text, header: (name) => headers[name] });
            }
            return original(path, method, result);
          },
        },
      },
    },
  };
}
