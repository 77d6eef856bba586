// A playground in one file: no library, nothing fetched from elsewhere. The token stays in this tab
// (sessionStorage); documents are remembered in this browser (localStorage).
"use strict";
const $ = (id) => document.getElementById(id);
const [query, variables, headers, token, answer, status] =
  ["query", "variables", "headers", "token", "answer", "status"].map($);
const START = `# Ctrl+Enter runs, Ctrl+Space suggests. Click a field of the schema to put it here.
query Start {
  viewer {
    kind
    tenant { id name }
    organization { id name }
    grants { role scope }
  }
  rateLimit { limit remaining restorePerSecond }
}
`;

// ---- what is kept ----
const kept = (store, key, otherwise) => { try { return store.getItem(key) ?? otherwise; } catch { return otherwise; } };
const keep = (store, key, value) => { try { store.setItem(key, value); } catch { /* private mode */ } };
query.value = kept(localStorage, "laurel.query", START);
variables.value = kept(localStorage, "laurel.variables", "");
headers.value = kept(sessionStorage, "laurel.headers", "");
token.value = kept(sessionStorage, "laurel.token", "");
for (const [field, store, key] of [[query, localStorage, "laurel.query"], [variables, localStorage, "laurel.variables"],
  [headers, sessionStorage, "laurel.headers"], [token, sessionStorage, "laurel.token"]]) {
  field.addEventListener("input", () => keep(store, key, field.value));
}

// ---- running ----
let running = null;
const say = (text, bad = false) => { status.textContent = text; status.classList.toggle("bad", bad); };

function requestHeaders(accept) {
  const all = { "Content-Type": "application/json", "Accept": accept };
  for (const line of headers.value.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) all[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  const bearer = token.value.trim().replace(/^Bearer\s+/i, "");
  if (bearer) all["Authorization"] = `Bearer ${bearer}`;
  else all["x-laurel-csrf"] = "1";
  return all;
}

const bare = (text) => text.replace(/#[^\n]*/g, "").replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"/g, '""');

// The operation that the cursor stands in, or the first.
function operation() {
  const found = [...query.value.matchAll(/^[ \t]*(query|mutation|subscription)\b[ \t]*([_A-Za-z]\w*)?/gm)];
  const before = found.filter((m) => m.index <= query.selectionStart);
  const chosen = before[before.length - 1] ?? found[0];
  return { kind: chosen?.[1] ?? "query", name: chosen?.[2], several: found.length > 1 };
}

function body() {
  const chosen = operation();
  const text = variables.value.trim();
  return { chosen, json: { query: query.value, variables: text ? JSON.parse(text) : undefined,
    operationName: chosen.several ? chosen.name : undefined } };
}

async function run() {
  hide();
  stop();
  let request;
  try { request = body(); } catch (error) { return say(`The variables are no JSON: ${error.message}`, true); }
  const live = request.chosen.kind === "subscription";
  running = new AbortController();
  $("stop").hidden = false;
  answer.textContent = "";
  say(live ? "Listening…" : "Running…");
  const began = performance.now();
  try {
    const accept = live ? "text/event-stream" : "application/graphql-response+json";
    const response = await fetch("/graphql", { method: "POST", headers: requestHeaders(accept),
      body: JSON.stringify(request.json), signal: running.signal, credentials: "same-origin" });
    remember();
    if (live && response.ok) return await listen(response);
    const text = await response.text();
    const took = Math.round(performance.now() - began);
    show(text);
    let more = "";
    try {
      const { extensions } = JSON.parse(text);
      if (extensions?.cost) more = ` · cost ${extensions.cost.requested}, ${extensions.cost.remaining} left`;
      if (extensions?.userErrorCount) more += ` · ${extensions.userErrorCount} user error(s)`;
    } catch { /* not ours */ }
    say(`${response.status} · ${took} ms · ${text.length} bytes${more}`, !response.ok);
  } catch (error) {
    if (error.name !== "AbortError") say(`The request failed: ${error.message}`, true);
  } finally {
    $("stop").hidden = true;
    running = null;
  }
}

async function listen(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "", events = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    buffer += value;
    for (let end; (end = buffer.indexOf("\n\n")) >= 0; buffer = buffer.slice(end + 2)) {
      const event = buffer.slice(0, end);
      const data = /^data: ?(.+)$/m.exec(event)?.[1];
      if (/^event: next/m.test(event) && data) {
        events += 1;
        answer.textContent = `${JSON.stringify(JSON.parse(data), null, 2)}\n\n${answer.textContent}`.slice(0, 500000);
        say(`${events} event(s), newest first`);
      }
    }
  }
  say(`Ended after ${events} event(s)`);
}

function show(text) {
  try { answer.textContent = JSON.stringify(JSON.parse(text), null, 2); } catch { answer.textContent = text; }
}
function stop() { running?.abort(); }

function curl() {
  const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;
  let request;
  try { request = body(); } catch { return say("The variables are no JSON.", true); }
  const lines = Object.entries(requestHeaders("application/graphql-response+json"))
    .filter(([name]) => name !== "x-laurel-csrf")
    .map(([name, value]) => `  -H ${quoted(`${name}: ${name === "Authorization" ? "Bearer $TOKEN" : value}`)}`.replace(/'Authorization: Bearer \$TOKEN'/, '"Authorization: Bearer $TOKEN"'));
  const text = [`curl ${quoted(`${location.origin}/graphql`)}`, ...lines, `  -d ${quoted(JSON.stringify(request.json))}`].join(" \\\n");
  navigator.clipboard.writeText(text).then(() => say("Copied; set TOKEN before you run it."), () => show(text));
}

// ---- history ----
function history() { try { return JSON.parse(kept(localStorage, "laurel.history", "[]")); } catch { return []; } }
function remember() {
  const entry = { at: new Date().toISOString(), query: query.value, variables: variables.value };
  const rest = history().filter((e) => e.query !== entry.query || e.variables !== entry.variables);
  keep(localStorage, "laurel.history", JSON.stringify([entry, ...rest].slice(0, 40)));
  drawHistory();
}
function drawHistory() {
  $("history").replaceChildren(...history().map((entry) => {
    const label = bare(entry.query).replace(/\s+/g, " ").trim().slice(0, 80);
    const button = make("button", "type", label || "(empty)");
    button.title = entry.at;
    button.onclick = () => { query.value = entry.query; variables.value = entry.variables; query.focus(); };
    return make("li", "", button);
  }));
}

// ---- schema ----
const INTROSPECTION = `query Schema { __schema { queryType { name } mutationType { name } subscriptionType { name }
  types { kind name description fields { name description args { name description defaultValue type { ...T } } type { ...T } }
    inputFields { name description defaultValue type { ...T } } enumValues { name description }
    possibleTypes { name } interfaces { name } } } }
  fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;
const types = new Map();
let roots = {};
const named = (t) => (t.ofType ? named(t.ofType) : t.name);
const written = (t) => t.kind === "NON_NULL" ? `${written(t.ofType)}!` : t.kind === "LIST" ? `[${written(t.ofType)}]` : t.name;

function make(tag, classes, ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...children);
  return element;
}

async function load() {
  try {
    const response = await fetch("/graphql", { method: "POST", body: JSON.stringify({ query: INTROSPECTION }),
      headers: { "Content-Type": "application/json", "Accept": "application/json" } });
    const schema = (await response.json()).data.__schema;
    for (const type of schema.types) if (!type.name.startsWith("__")) types.set(type.name, type);
    roots = { query: schema.queryType?.name, mutation: schema.mutationType?.name, subscription: schema.subscriptionType?.name };
    browse([]);
  } catch (error) { $("docs").textContent = `The schema could not be loaded: ${error.message}`; }
}

function typeButton(type, trail) {
  const button = make("button", "type", written(type));
  button.onclick = () => browse([...trail, named(type)]);
  return button;
}

function member(item, trail, put) {
  const line = make("div", "");
  if (put) {
    const button = make("button", "put", item.name);
    button.title = "Put it into the document";
    button.onclick = () => insert(item, put);
    line.append(button);
  } else line.append(make("strong", "", item.name));
  if (item.args?.length) {
    line.append("(");
    item.args.forEach((arg, n) => {
      const name = make("span", "", `${n ? ", " : ""}${arg.name}: `);
      name.title = arg.description ?? "";
      line.append(name, typeButton(arg.type, trail), arg.defaultValue ? ` = ${arg.defaultValue}` : "");
    });
    line.append(")");
  }
  if (item.type) line.append(": ", typeButton(item.type, trail), item.defaultValue ? ` = ${item.defaultValue}` : "");
  return make("li", "", line, make("p", "", item.description ?? ""));
}

function browse(trail) {
  const crumbs = [make("button", "type", "Schema")];
  crumbs[0].onclick = () => browse([]);
  trail.forEach((name, n) => {
    const button = make("button", "type", name);
    button.onclick = () => browse(trail.slice(0, n + 1));
    crumbs.push(" › ", button);
  });
  $("trail").replaceChildren(...crumbs);
  const list = make("ul", "");
  if (!trail.length) {
    for (const root of Object.values(roots).filter(Boolean)) {
      list.append(make("li", "", typeButton({ name: root }, []), make("p", "", types.get(root)?.description ?? "")));
    }
    return $("docs").replaceChildren(list);
  }
  const type = types.get(trail[trail.length - 1]);
  if (!type) return $("docs").replaceChildren(make("p", "", "Built in."));
  const kind = Object.entries(roots).find(([, name]) => name === type.name)?.[0];
  for (const field of type.fields ?? []) list.append(member(field, trail, kind ?? "field"));
  for (const field of type.inputFields ?? []) list.append(member(field, trail));
  for (const value of type.enumValues ?? []) list.append(member(value, trail));
  for (const possible of type.possibleTypes ?? []) list.append(make("li", "", typeButton(possible, trail)));
  $("docs").replaceChildren(make("h2", "", type.name), make("p", "", type.description ?? ""), list);
}

function search() {
  const word = $("search").value.trim().toLowerCase();
  if (!word) return browse([]);
  const list = make("ul", "");
  for (const type of types.values()) {
    if (list.childElementCount > 60) break;
    if (type.name.toLowerCase().includes(word)) list.append(make("li", "", typeButton(type, []), make("p", "", type.description ?? "")));
    for (const field of [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])]) {
      if (!field.name.toLowerCase().includes(word)) continue;
      list.append(make("li", "", typeButton(type, []), `.${field.name}`, make("p", "", field.description ?? "")));
    }
  }
  $("trail").replaceChildren();
  $("docs").replaceChildren(list.childElementCount ? list : make("p", "", "Nothing of that name."));
}

// ---- putting fields in ----
const leaf = (type) => !types.get(named(type)) || ["ENUM", "SCALAR"].includes(types.get(named(type)).kind);

function selection(type, indent, deep) {
  const fields = types.get(named(type))?.fields ?? [];
  const lines = fields.filter((f) => leaf(f.type) && !f.args.length).slice(0, 8).map((f) => `${indent}  ${f.name}`);
  if (deep) for (const name of ["nodes", "userErrors", "pageInfo"]) {
    const field = fields.find((f) => f.name === name);
    if (field) lines.push(`${indent}  ${name}${selection(field.type, `${indent}  `, false)}`);
  }
  const union = types.get(named(type))?.kind === "UNION";
  if (union) lines.push(`${indent}  __typename`, `${indent}  ... on UserError { code message path }`);
  return ` {\n${(lines.length ? lines : [`${indent}  __typename`]).join("\n")}\n${indent}}`;
}

function insert(field, kind) {
  const needed = field.args.filter((a) => a.type.kind === "NON_NULL" && a.defaultValue === null);
  const inside = leaf(field.type) ? "" : selection(field.type, kind === "field" ? "" : "  ", true);
  if (kind === "field") return put(`${field.name}${needed.length ? `(${needed.map((a) => `${a.name}: `).join(", ")})` : ""}${inside}`);
  const name = field.name[0].toUpperCase() + field.name.slice(1);
  const declared = needed.length ? `(${needed.map((a) => `$${a.name}: ${written(a.type)}`).join(", ")})` : "";
  const given = needed.length ? `(${needed.map((a) => `${a.name}: $${a.name}`).join(", ")})` : "";
  query.value = `${query.value.trimEnd()}\n\n${kind} ${name}${declared} {\n  ${field.name}${given}${inside}\n}\n`;
  query.selectionStart = query.selectionEnd = query.value.length - 2;
  if (needed.length && !variables.value.trim()) {
    variables.value = JSON.stringify(Object.fromEntries(needed.map((a) => [a.name, example(a.type, 0)])), null, 2);
  }
  for (const area of [query, variables]) area.dispatchEvent(new Event("input"));
  query.scrollTop = query.scrollHeight;
  query.focus();
}

function example(type, depth) {
  const known = types.get(named(type));
  if (known?.kind === "INPUT_OBJECT" && depth < 3) {
    const wanted = known.inputFields.filter((f) => f.type.kind === "NON_NULL" && f.defaultValue === null);
    const chosen = wanted.length ? wanted : known.inputFields.slice(0, 1);
    return Object.fromEntries(chosen.map((f) => [f.name, example(f.type, depth + 1)]));
  }
  if (known?.kind === "ENUM") return known.enumValues[0].name;
  if (named(type) === "IdempotencyKey") return crypto.randomUUID?.() ?? String(Math.random());
  return { Int: 0, Float: 0, Boolean: false }[named(type)] ?? "";
}

function put(text) {
  const { selectionStart: from, selectionEnd: to } = query;
  query.setRangeText(text, from, to, "end");
  query.dispatchEvent(new Event("input"));
  query.focus();
}

// ---- suggestions: the fields of the selection that the cursor stands in ----
function place() {
  const text = bare(query.value.slice(0, query.selectionStart));
  const stack = [];
  let current = null, last = null, parentheses = 0;
  for (const [word] of text.matchAll(/\.\.\.\s*on\s+\w+|[_A-Za-z]\w*|[{}()]/g)) {
    if (word === "(") parentheses += 1;
    else if (word === ")") parentheses -= 1;
    else if (parentheses > 0) continue;
    else if (word === "{") { stack.push(current); current = current === null ? roots[last] ?? types.get(last)?.name ?? roots.query : last; }
    else if (word === "}") current = stack.pop() ?? null;
    else if (word.startsWith("...")) last = word.replace(/^\.\.\.\s*on\s+/, "");
    else if (current === null) { if (!last || roots[word] || types.has(word)) last = word; }
    else { const field = types.get(current)?.fields?.find((f) => f.name === word); last = field ? named(field.type) : null; }
    if (word === "}" && current === null) last = null;
  }
  return parentheses > 0 ? null : current;
}

let hints = [], chosen = 0;
function hide() { $("hints").hidden = true; hints = []; }
function suggest() {
  const word = /\w*$/.exec(query.value.slice(0, query.selectionStart))[0];
  const type = types.get(place());
  hints = (type?.fields ?? []).filter((f) => f.name.toLowerCase().startsWith(word.toLowerCase())).slice(0, 40);
  if (!hints.length) return hide();
  chosen = 0;
  $("hints").replaceChildren(...hints.map((field, n) => {
    const item = make("li", "", `${field.name}: ${written(field.type)}`);
    item.setAttribute("role", "option");
    item.title = field.description ?? "";
    item.onmousedown = (event) => { event.preventDefault(); chosen = n; take(); };
    return item;
  }));
  $("hints").hidden = false;
  mark();
}
function mark() {
  [...$("hints").children].forEach((item, n) => {
    item.setAttribute("aria-selected", String(n === chosen));
    if (n === chosen) item.scrollIntoView({ block: "nearest" });
  });
}
function take() {
  const word = /\w*$/.exec(query.value.slice(0, query.selectionStart))[0];
  query.setRangeText(hints[chosen].name, query.selectionStart - word.length, query.selectionStart, "end");
  query.dispatchEvent(new Event("input"));
  hide();
}

// ---- laying out: strings and comments stay, brackets indent ----
function tidy() {
  const tokens = query.value.match(/#[^\n]*|"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\.\.\.|[_A-Za-z]\w*|-?\d[\w.+-]*|[^\s,]/g) ?? [];
  let out = "", depth = 0, brackets = 0, fresh = true;
  const line = () => { out = `${out.trimEnd()}\n${"  ".repeat(depth)}`; fresh = true; };
  tokens.forEach((now, n) => {
    const before = tokens[n - 1] ?? "";
    if (now[0] === "#") { if (!fresh) line(); out += now; line(); return; }
    if (now === "{" && !brackets) { out = `${out.trimEnd()} {`; depth += 1; line(); return; }
    if (now === "}" && !brackets) { depth = Math.max(0, depth - 1); line(); out += "}"; if (depth) line(); else { out += "\n"; line(); } return; }
    if ("([{".includes(now)) { brackets += 1; out += /[:\[({]$/.test(before) || now === "(" ? now : ` ${now}`; fresh = false; return; }
    if (")]}".includes(now)) { brackets -= 1; out += now; fresh = false; return; }
    const tight = fresh || /^[:!)]$/.test(now) || /^[(\[$@]$/.test(before) || before === "...";
    const next = depth && !brackets && !fresh && /^(\.\.\.|[_A-Za-z])/.test(now) && !/^(:|on|@|\.\.\.|\$)$/.test(before);
    if (next) line();
    else if (brackets && /^[_A-Za-z$]/.test(now) && !/^[:(\[{$]$/.test(before) && before !== "!") out += ", ";
    else if (brackets && before === "!" && now === "$") out += ", ";
    else if (!tight && !(brackets && before === "{")) out += before === ":" || !brackets ? " " : now === "$" || /^["\d-]/.test(now) ? ", " : " ";
    out += now;
    fresh = false;
  });
  query.value = `${out.trim()}\n`;
  query.dispatchEvent(new Event("input"));
}

// ---- wiring ----
$("run").onclick = run;
$("stop").onclick = stop;
$("tidy").onclick = tidy;
$("curl").onclick = curl;
$("search").oninput = search;
$("forget").onclick = () => { keep(localStorage, "laurel.history", "[]"); drawHistory(); };
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); run(); }
});
query.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === " ") { event.preventDefault(); return suggest(); }
  if ($("hints").hidden) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) { event.preventDefault(); chosen = (chosen + step + hints.length) % hints.length; mark(); }
  else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey) { event.preventDefault(); take(); }
  else if (event.key === "Escape") hide();
});
query.addEventListener("input", () => { if (!$("hints").hidden) suggest(); });
query.addEventListener("blur", hide);
drawHistory();
load();
