// Lists with hundreds of parameters, and documents of a megabyte: what Swagger UI does with them in seconds, done at once.

// Many parameters ----------------------------------------------------------------------------------------------------

/// Lists have hundreds of parameters, since each attribute has its operators: those are shown when somebody asks for them,
/// and so is what a change may ask of its answer. Swagger UI looks at all parameters of an operation for each of them: the
/// selectors here give the same by one look.
export function manyParameters({ React, getSystem }) {
  const h = React.createElement;
  const nameOf = (parameter) => `${parameter.get("in")}.${parameter.get("name")}`;
  const places = { path: 0, header: 1 };
  const place = (parameter) => places[parameter.get("in")] ?? 2;

  /// By operation: behind which parameter the button is that shows the others.
  const folds = new Map();

  function isFolded(parameter, method) {
    if (parameter.get("in") !== "query" || parameter.get("required")) return false;
    return method !== "get" || /^filter\w*\[[^\]]*\]\[/.test(parameter.get("name"));
  }

  function Parameters({ Original, ...props }) {
    const { pathMethod } = props;
    const [isWhole, setWhole] = React.useState(false);
    const all = props.parameters.sortBy(place);
    const parameters = isWhole ? all : all.filterNot((parameter) => isFolded(parameter, pathMethod[1]));
    const hidden = all.size - parameters.size;
    folds.set(pathMethod.join(" "), {
      last: hidden > 0 && parameters.size > 0 && nameOf(parameters.last()),
      told: pathMethod[1] === "get" ? `Show ${hidden} more filters, by operator` : `Show ${hidden} more parameters`,
      unfold: () => setWhole(true),
    });
    return h(Original, { ...props, parameters });
  }

  function ParameterRow({ Original, ...props }) {
    const { last, told, unfold } = folds.get(props.pathMethod.join(" ")) ?? {};
    const row = h(Original, props);
    if (last !== nameOf(props.rawParam)) return row;
    const button = h("button", { className: "explorer-link", type: "button", onClick: unfold }, told);
    return h(React.Fragment, null, row, h("tr", null, h("td"), h("td", { className: "explorer-more" }, button)));
  }

  const parametersOf = ([path, method]) =>
    getSystem().specSelectors.specJsonWithResolvedSubtrees().getIn(["paths", path, method, "parameters"]);
  const metaOf = (state, [path, method]) => state.getIn(["meta", "paths", path, method, "parameters"]);
  const merged = (parameter, raw, meta) =>
    parameter.merge(meta?.get(nameOf(raw)), meta?.get(`${nameOf(raw)}.hash-${raw.hashCode()}`));

  return {
    wrapComponents: {
      parameters: (Original) => (props) => h(Parameters, { Original, ...props }),
      parameterRow: (Original) => (props) => h(ParameterRow, { Original, ...props }),
    },
    statePlugins: {
      spec: {
        wrapSelectors: {
          parameterWithMetaByIdentity: (original) => (state, pathMethod, raw) => {
            const parameter = parametersOf(pathMethod)?.find((parameter) => nameOf(parameter) === nameOf(raw));
            return parameter ? merged(parameter, raw, metaOf(state, pathMethod)) : original(state, pathMethod, raw);
          },
          parameterValues: (original) => (state, pathMethod, isXml) => {
            const parameters = parametersOf(pathMethod);
            if (!parameters || isXml) return original(state, pathMethod, isXml);
            const meta = metaOf(state, pathMethod);
            return parameters.reduce((values, raw) => {
              const value = merged(raw, raw, meta).get("value");
              return values.set(nameOf(raw), value?.toJS ? value.filter((element) => element !== "") : value);
            }, parameters.clear().toMap());
          },
        },
      },
    },
  };
}

// Large documents ----------------------------------------------------------------------------------------------------

/// More members than these are left to Swagger UI.
const MOST_MEMBERS = 500_000;

/// A part of a document, with what its references lead to in their place. Swagger UI reads the whole document anew for each
/// operation that is opened, which takes seconds where it is large.
///
/// Throws if a reference leads to another document.
function resolvedPart(whole, path, base) {
  let members = 0;
  const at = (names) => names.reduce((value, name) => value?.[name], whole);
  const target = (reference) => {
    if (!reference.startsWith("#/")) throw new Error(`another document: ${reference}`);
    const unescaped = (name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    return at(reference.slice(2).split("/").map(unescaped));
  };
  const isData = (name) => ["const", "default", "enum", "example"].includes(name);
  /// `open` are the references that have led here: one that leads to itself stays.
  const resolved = (value, key, open) => {
    if (value === null || typeof value !== "object") return value;
    members += 1;
    if (members > MOST_MEMBERS) throw new Error("too many members");
    if (Array.isArray(value)) return value.map((element) => resolved(element, "", open));
    const { $ref: reference, ...own } = value;
    if (typeof reference === "string" && key !== "properties") {
      if (open.includes(reference)) return value;
      const there = resolved(target(reference), "", [...open, reference]);
      return { ...there, ...resolved(own, "", open), $$ref: base + reference };
    }
    return Object.fromEntries(Object.entries(value).map(([name, member]) =>
      [name, isData(name) && key !== "properties" ? member : resolved(member, name, open)]));
  };
  const part = resolved(at(path), path.at(-1), []);
  if (path[0] !== "paths" || path.length !== 3 || !part) return part;
  // An operation has the parameters of its path, too.
  const own = part.parameters ?? [];
  const isOwn = (other) => own.some((parameter) => parameter.name === other.name && parameter.in === other.in);
  const ofPath = resolved(at(path.slice(0, 2)).parameters ?? [], "", []);
  return { ...part, parameters: [...own, ...ofPath.filter((parameter) => !isOwn(parameter))] };
}

export function largeDocuments() {
  return {
    afterLoad({ fn }) {
      this.fn.resolveSubtree = async (whole, path, options) => {
        try {
          return { spec: resolvedPart(whole, path, options?.baseDoc ?? ""), errors: [] };
        } catch {
          return fn.resolveSubtree(whole, path, options);
        }
      };
    },
  };
}
