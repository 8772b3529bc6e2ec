// Colours %%nucleus_query cells in JupyterLab.
//
// JupyterLab loads this file as it is: a container of the module federation, written by hand, since
// all it needs (CodeMirror, the registry of editor extensions) is shared by JupyterLab itself. So
// there is nothing to bundle, and no Node anywhere.
"use strict";
(() => {
  const NAME = "nucleus-lab-query";
  const CELL = /^\s*%%nucleus_query\b/;

  // Mirrors the tokens of the language; half-written text is coloured as far as it goes.
  const PIECE = new RegExp(
    [
      /(?<comment>#[^\n]*)/,
      /(?<string>"(?:\\.|""|[^"\\])*"?|'(?:\\.|''|[^'\\])*'?|“[^”\n]*”?)/,
      /(?<param>\{\s*\w*\s*\}?|[:@$][A-Za-z_]\w*)/,
      /(?<number>(?<![\w.])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?|(?<![\w.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:ms|km|[smhdw])?\b)/,
      /(?<property>\.\s*(?:`[^`]*`|\w+))/,
      /(?<call>[A-Za-z_]\w*(?=\())/,
      /(?<word>[\p{L}_][\p{L}\p{N}_]*|`[^`]*`)/,
      /(?<operator>=~|==|!=|<>|<=|>=|&&|\|\||[-=<>!+*/%~])/,
    ].map((part) => part.source).join("|"),
    "gu",
  );
  const OPTION = /(?<option>(?<![\w-])--?[A-Za-z][\w-]*)|(?<string>"[^"]*"?|'[^']*'?)|(?<param>\$\w+|\{\w*\}?)|(?<operator>=?\s*<<)/gu;
  const KEYWORDS = new Set(
    ("AND OR NOT IN BETWEEN LIKE ILIKE CONTAINS MATCHES STARTS ENDS WITH IS NULL EXISTS WHERE ORDER BY " +
      "ASC DESC NULLS FIRST LAST LIMIT OFFSET SAMPLE SEED").split(" "),
  );
  const ROOTS = new Set(
    ("annotations predictions matches metadata scale_metadata item items scene slice slices autotag " +
      "tracks").split(" "),
  );
  const COLOURS = {
    comment: "comment", string: "string", param: "variable-3", number: "number",
    property: "property", call: "builtin", keyword: "keyword", root: "def", operator: "operator",
    atom: "atom", option: "attribute", plain: "variable",
  };

  /** What a piece of a query is, by the name of its colour. */
  function kindOf(match) {
    const found = Object.entries(match.groups).find(([, text]) => text !== undefined);
    if (found[0] !== "word") return found[0];
    const word = found[1];
    if (KEYWORDS.has(word.toUpperCase())) return "keyword";
    if (word === "true" || word === "false") return "atom";
    return ROOTS.has(word) ? "root" : "plain";
  }

  /** Pieces of a cell as [from, to, kind], in order; none for any other cell. */
  function pieces(text) {
    const magic = CELL.exec(text);
    if (!magic) return [];
    const found = [];
    const line = text.indexOf("\n", magic[0].length);
    const head = text.slice(magic[0].length, line < 0 ? undefined : line);
    found.push([magic.index + magic[0].indexOf("%"), magic[0].length, "keyword"]);
    for (const match of head.matchAll(OPTION)) {
      const from = magic[0].length + match.index;
      found.push([from, from + match[0].length, kindOf(match)]);
    }
    if (line < 0) return found;
    for (const match of text.slice(line).matchAll(PIECE)) {
      found.push([line + match.index, line + match.index + match[0].length, kindOf(match)]);
    }
    return found;
  }

  /** The CodeMirror extension: one mark a piece, inside the marks that Python's grammar makes. */
  function highlighter({ ViewPlugin, Decoration, EditorView }, { RangeSetBuilder, Prec }) {
    const marks = {};
    const rules = {};
    for (const [kind, colour] of Object.entries(COLOURS)) {
      marks[kind] = Decoration.mark({ class: `nl-query-${kind}` });
      const weight = kind === "keyword" ? "bold" : "normal";
      rules[`.nl-query-${kind}, .nl-query-${kind} span`] = {
        color: `var(--jp-mirror-editor-${colour}-color, inherit) !important`,
        fontWeight: weight,
        fontStyle: kind === "comment" ? "italic" : "normal",
      };
    }
    const decorate = (view) => {
      const builder = new RangeSetBuilder();
      for (const [from, to, kind] of pieces(view.state.doc.toString())) {
        builder.add(from, to, marks[kind]);
      }
      return builder.finish();
    };
    const plugin = ViewPlugin.define(
      (view) => ({
        decorations: decorate(view),
        update(change) {
          if (change.docChanged) this.decorations = decorate(change.view);
        },
      }),
      { decorations: (value) => value.decorations },
    );
    return [Prec.lowest(plugin), EditorView.baseTheme(rules)];
  }

  let shared = {};

  /** A module that JupyterLab shares; the newest where there are several. */
  async function use(name) {
    const versions = Object.entries(shared[name] ?? {});
    if (!versions.length) throw new Error(`JupyterLab does not share ${name}`);
    const newest = versions.sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true })).pop();
    const chosen = versions.find(([, entry]) => entry.loaded) ?? newest;
    return (await chosen[1].get())();
  }

  async function plugin() {
    const [lab, view, state] = await Promise.all(
      ["@jupyterlab/codemirror", "@codemirror/view", "@codemirror/state"].map(use),
    );
    const extension = highlighter(view, state);
    return {
      id: `${NAME}:cells`,
      description: "Colours the cells of the query language of nucleus_lab.",
      autoStart: true,
      requires: [lab.IEditorExtensionRegistry],
      activate: (_app, registry) => {
        registry.addExtension({
          name: `${NAME}:cells`,
          factory: () => lab.EditorExtensionRegistry.createImmutableExtension(extension),
        });
      },
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init(scope) {
      shared = scope;
    },
    async get(module) {
      if (module !== "./extension") throw new Error(`${NAME} has no module ${module}`);
      const made = await plugin();
      return () => ({ __esModule: true, default: made });
    },
    pieces, // for tests
  };
})();
