// Shows /api/openapi.json: every route with its parameters, shapes and a form to try it.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function resolve(api, schema) {
  if (!schema || !schema.$ref) return schema || {};
  return api.components.schemas[schema.$ref.split("/").pop()] || {};
}

// An example value of a schema; `seen` stops schemas that contain themselves.
function example(api, schema, seen = []) {
  if (schema && schema.$ref) {
    if (seen.includes(schema.$ref)) return null;
    return example(api, resolve(api, schema), [...seen, schema.$ref]);
  }
  if (!schema) return null;
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => example(api, part, seen)));
  const choices = schema.oneOf || schema.anyOf;
  if (choices) return example(api, choices.find((choice) => choice.type !== "null") || choices[0], seen);
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== "null") : schema.type;
  if (type === "object" || schema.properties) {
    const entries = Object.entries(schema.properties || {});
    return Object.fromEntries(entries.map(([name, property]) => [name, example(api, property, seen)]));
  }
  if (type === "array") return [example(api, schema.items, seen)];
  if (type === "integer" || type === "number") return schema.minimum || 0;
  if (type === "boolean") return false;
  if (schema.format === "date-time") return "2026-01-01T00:00:00Z";
  return type === "string" ? "" : null;
}

function shape(api, content) {
  return Object.entries(content || {}).map(([type, media]) => {
    const name = media.schema && media.schema.$ref ? media.schema.$ref.split("/").pop() : "";
    const text = JSON.stringify(example(api, media.schema), null, 2);
    return element("div", {}, element("p", {}, element("code", { textContent: `${type} ${name}` })),
      element("pre", { textContent: text }));
  });
}

function parameterRow(parameter, inputs) {
  const input = element("input", { name: parameter.name, placeholder: parameter.in });
  input.setAttribute("aria-label", parameter.name);
  inputs.push({ parameter, input });
  const required = parameter.required ? " (required)" : "";
  return element("tr", {},
    element("td", {}, element("code", { textContent: parameter.name })),
    element("td", { textContent: parameter.in + required }),
    element("td", { textContent: parameter.description || "" }),
    element("td", {}, input));
}

function request(method, path, inputs, bodyInput) {
  const query = new URLSearchParams();
  const headers = {};
  let address = path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (!input.value) continue;
    else if (parameter.in === "query") query.set(parameter.name, input.value);
    else headers[parameter.name] = input.value;
  }
  const key = document.getElementById("key").value;
  if (key) headers["X-API-Key"] = key;
  if (bodyInput) headers["Content-Type"] = "application/json";
  if ([...query].length > 0) address += `?${query}`;
  return fetch(address, { method: method.toUpperCase(), headers, body: bodyInput ? bodyInput.value : undefined });
}

function tryForm(api, method, path, operation, inputs) {
  const schema = operation.requestBody && operation.requestBody.content["application/json"];
  const bodyInput = schema
    ? element("textarea", { value: JSON.stringify(example(api, schema.schema), null, 2) })
    : null;
  if (bodyInput) bodyInput.setAttribute("aria-label", "Request body");
  const output = element("pre", { hidden: true });
  output.setAttribute("aria-live", "polite");
  const button = element("button", { type: "button", textContent: "Send" });
  button.addEventListener("click", async () => {
    output.hidden = false;
    output.textContent = "…";
    try {
      const response = await request(method, path, inputs, bodyInput);
      const isStream = (response.headers.get("content-type") || "").startsWith("text/event-stream");
      const text = isStream ? "(a stream; follow it with curl -N)" : await response.text();
      if (isStream) await response.body.cancel();
      let pretty = text;
      try { pretty = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
      output.textContent = `${response.status} ${response.statusText}\n\n${pretty}`;
    } catch (error) {
      output.textContent = String(error);
    }
  });
  return element("div", {}, element("h4", { textContent: "Try it" }), bodyInput, element("p", {}, button), output);
}

function route(api, path, method, operation) {
  const body = element("div", { className: "body" });
  const details = element("details", {},
    element("summary", {},
      element("span", { className: "method", textContent: method.toUpperCase() }),
      element("code", { textContent: path }),
      element("span", { textContent: operation.summary || "" })),
    body);
  details.dataset.text = `${method} ${path} ${operation.summary || ""} ${operation.tags || ""}`.toLowerCase();
  details.addEventListener("toggle", () => {
    if (!details.open || body.childElementCount > 0) return;
    const inputs = [];
    const rows = (operation.parameters || []).map((parameter) => parameterRow(parameter, inputs));
    // Problems are described once for all routes, and all have the same shape.
    const answers = Object.entries(operation.responses || {}).map(([status, answer]) => {
      const named = answer.$ref ? api.components.responses[answer.$ref.split("/").pop()] || {} : answer;
      return element("div", {},
        element("p", {}, element("strong", { textContent: status }), ` ${named.description || ""}`),
        ...(answer.$ref ? [] : shape(api, named.content)));
    });
    body.append(
      element("p", { className: "description", textContent: operation.description || "" }),
      rows.length > 0 ? element("table", {}, element("tbody", {}, ...rows)) : "",
      operation.requestBody ? element("h4", { textContent: "Request" }) : "",
      ...shape(api, operation.requestBody && operation.requestBody.content),
      element("h4", { textContent: "Answers" }), ...answers,
      tryForm(api, method, path, operation, inputs));
  });
  return details;
}

function show(api) {
  const content = document.getElementById("content");
  content.replaceChildren(element("p", { className: "description", textContent: api.info.description || "" }));
  for (const tag of api.tags || []) {
    const routes = Object.entries(api.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] && (item[method].tags || []).includes(tag.name))
        .map((method) => route(api, path, method, item[method])));
    if (routes.length > 0) content.append(element("section", {}, element("h2", { textContent: tag.name }), ...routes));
  }
  document.getElementById("search").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const details of content.querySelectorAll("details")) {
      details.hidden = !words.every((word) => details.dataset.text.includes(word));
    }
    for (const section of content.querySelectorAll("section")) {
      section.hidden = section.querySelector("details:not([hidden])") === null;
    }
  });
}

fetch("/api/openapi.json")
  .then((response) => response.json())
  .then(show)
  .catch((error) => { document.getElementById("content").textContent = `The description could not be loaded: ${error}`; });
