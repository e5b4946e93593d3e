"use strict";
// Everything people write is put in as text, never as HTML.

const at = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

/** The faults that can be switched on, as the control API takes them. */
const FAULTS = [
  ["Calls fail with 503", { kind: "http_5xx" }],
  ["Done, but the answer is a 500", { kind: "done_but_500" }],
  ["Done, but no answer arrives", { kind: "done_but_connection_dropped" }],
  ["Calls take five seconds", { kind: "slow", delay_ms: 5000 }],
  ["Rate limit of the app (4)", { kind: "rate_limit" }],
  ["Rate limit of the account (80002)", { kind: "rate_limit", code: 80002, regain_minutes: 5 }],
  ["The token is refused (190)", { kind: "token_revoked" }],
  ["A permission is missing (10)", { kind: "permission_refused" }],
  ["Answers that are no JSON", { kind: "garbage_answer" }],
  ["Comments are not shown (Standard Access)", { kind: "empty_lists", endpoint: "list_comments" }],
  ["Webhooks are lost", { kind: "drop_webhooks" }],
  ["Webhooks come twice", { kind: "duplicate_webhooks" }],
  ["Webhooks come ten seconds late", { kind: "delay_webhooks", delay_ms: 10000 }],
  ["Webhooks come in another order", { kind: "reorder_webhooks", within_ms: 3000 }],
  ["Webhooks have a wrong signature", { kind: "wrong_signature" }],
];

/** Posts shown: the newest. */
const POSTS = 12;

let account = null;
let shown = {};
let lastCall = 0;
let recentCalls = [];

async function call(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(`/_sandbox${path}`, options);
  const value = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error((value && (value.error?.message || value.error)) || `${answer.status} for ${path}`);
  return value;
}

function say(text, isBad = false) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", isBad);
}

/** Does something and looks at once at what came of it. */
async function act(deed) {
  try {
    await deed();
    say("");
  } catch (error) {
    say(String(error.message || error), true);
  }
  await look();
}

/** Draws only what has changed, so that what is being typed stays. */
function changed(what, value) {
  const text = JSON.stringify(value);
  if (shown[what] === text) return false;
  shown[what] = text;
  return true;
}

const time = (text) => new Date(text).toLocaleString([], { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const fan = () => at("fan").value.trim().replace(/^@/, "") || "fan";
const path = (rest = "") => `/accounts/${encodeURIComponent(account)}${rest}`;

function drawAccounts(accounts) {
  if (!changed("accounts", accounts.map((one) => [one.user_id, one.username]))) return;
  at("account").replaceChildren(...accounts.map((one) => make("option", { value: one.user_id, text: `@${one.username}` })));
  if (!accounts.some((one) => one.user_id === account)) account = accounts[0]?.user_id ?? null;
  if (account) at("account").value = account;
}

function said(entry, us) {
  const marks = [];
  if (entry.hidden) marks.push("hidden");
  if (entry.deleted) marks.push("deleted");
  if (entry.private_reply) marks.push("answered by direct message");
  const line = make("div", { class: `said${entry.parent ? " reply" : ""}${us ? " us" : ""}${entry.deleted ? " gone" : ""}` },
    make("span", { class: "who", text: `@${entry.username}` }),
    document.createTextNode(entry.text),
    make("span", { class: "mark", text: marks.join(", ") }));
  if (!entry.deleted) {
    line.append(" ", make("button", { type: "button", class: "plain", text: "reply", onclick: () => writeBelow(entry.media, entry.parent || entry.id, entry.username) }));
  }
  return line;
}

function writeBelow(media, parent, to) {
  const input = document.querySelector(`form[data-media="${CSS.escape(media)}"] input`);
  input.dataset.parent = parent || "";
  input.placeholder = to ? `Reply to @${to}` : "Write a comment";
  input.focus();
}

function drawPosts(own, media, comments) {
  if (!changed("posts", [account, media, comments])) return;
  const typed = {};
  for (const form of at("posts").querySelectorAll("form")) typed[form.dataset.media] = form.querySelector("input");
  const focused = document.activeElement?.form?.dataset.media;
  const posts = media.map((post) => {
    const below = comments.filter((one) => one.media === post.id);
    const threads = below.filter((one) => !one.parent).map((top) => [top, ...below.filter((one) => one.parent === top.id)]);
    const loose = below.filter((one) => one.parent && !below.some((top) => top.id === one.parent));
    const input = typed[post.id] || make("input", { placeholder: "Write a comment", "aria-label": "Comment", maxlength: 2200 });
    const form = make("form", { "data-media": post.id, onsubmit: (event) => { event.preventDefault(); comment(post.id, input); } },
      input, make("button", { text: "Comment" }), make("button", { type: "button", text: "Many", title: "Five fans comment at once", onclick: () => crowd(post.id) }));
    input.style.flex = "1 1 10rem";
    return make("article", {},
      make("header", {}, make("span", { class: "who", text: `@${post.username}` }), make("span", { class: "when", text: `${post.product.toLowerCase()}, ${time(post.created_at)}` })),
      make("p", { class: "caption", text: post.caption || "(no caption)" }),
      ...[...threads.flat(), ...loose].map((one) => said(one, one.username === own)), form);
  });
  at("posts").replaceChildren(...(posts.length ? posts : [make("p", { class: "hint", text: "No posts yet." })]));
  if (focused) document.querySelector(`form[data-media="${CSS.escape(focused)}"] input`)?.focus();
}

function drawTalk(messages, conversation, now) {
  at("talk-with").textContent = `@${fan()}`;
  const closes = conversation?.last_inbound_at && new Date(new Date(conversation.last_inbound_at).getTime() + 86400000);
  at("window").textContent = !closes ? "They have not written yet: the account may not write first."
    : closes > new Date(now) ? `The account may answer until ${time(closes)}.` : "The 24 hours are over: the account may not write.";
  if (!changed("talk", [account, fan(), messages])) return;
  at("talk").replaceChildren(...messages.map((one) => {
    const us = one.origin !== "person";
    const text = one.text || one.attachments.map((file) => `[${file.type}]`).join(" ") || "[nothing shown]";
    const hearts = one.reactions.map((reaction) => reaction.emoji || reaction.reaction).join(" ");
    return make("div", { class: `said ${us ? "us" : "them"}${one.deleted ? " gone" : ""}`, title: time(one.created_at) },
      document.createTextNode(text), make("span", { class: "mark", text: hearts }));
  }));
  at("talk").scrollTop = at("talk").scrollHeight;
}

function drawPeople(conversations) {
  if (!changed("people", [account, conversations])) return;
  at("people").replaceChildren(...conversations.map((one) => make("li", {},
    make("button", { type: "button", class: "plain", text: `@${one.username}`, onclick: () => { at("fan").value = one.username; look(); } }),
    make("span", { class: "when", text: ` ${time(one.updated_at)}${one.unanswered ? `, ${one.unanswered} unanswered` : ""}` }))));
}

function drawFaults(faults) {
  if (!changed("faults", faults)) return;
  const words = (fault) => (FAULTS.find(([, one]) => Object.entries(one).every(([name, value]) => fault[name] === value)) || [fault.kind])[0];
  at("faults").replaceChildren(...faults.map((fault) => make("li", {},
    document.createTextNode(`${words(fault)}: struck ${fault.strikes}${fault.count ? ` of ${fault.count}` : ""} times `),
    make("button", { type: "button", class: "plain", text: "off", onclick: () => act(() => call("DELETE", `/faults/${fault.id}`)) }))));
}

function drawTraffic(calls, pending) {
  at("traffic").textContent = pending ? `${pending} webhooks are on their way.` : "No webhook is on its way.";
  const last = [...calls].reverse();
  if (!changed("calls", last)) return;
  at("calls").replaceChildren(...last.map((one) => {
    const isBad = !one.status || one.status >= 400;
    return make("li", { class: isBad ? "bad" : null, text: `${one.method} ${one.path.slice(0, 60)} → ${one.status ?? "no answer"}${one.code ? ` (${one.code})` : ""}` });
  }));
}

const comment = (media, input) => act(async () => {
  const text = input.value.trim();
  if (!text) return;
  await call("POST", path("/comments"), { from: fan(), text, media, ...(input.dataset.parent ? { parent: input.dataset.parent } : {}) });
  input.value = "";
  input.dataset.parent = "";
  input.placeholder = "Write a comment";
});

const crowd = (media) => act(async () => {
  const words = ["Love this!", "Do you ship to Spain?", "How much is it?", "My parcel never arrived, this is awful.", "Check my profile for free followers!!!"];
  for (const [index, text] of words.entries()) await call("POST", path("/comments"), { from: `fan.${index + 1}`, text, media });
});

async function look() {
  try {
    const [accounts, faults, clock, calls, deliveries] = await Promise.all([
      ...["/accounts", "/faults", "/clock", `/calls?since=${lastCall}`].map((one) => call("GET", one)),
      call("POST", "/deliveries/wait", { timeout_ms: 0 })]);
    drawAccounts(accounts);
    drawFaults(faults);
    lastCall = calls.at(-1)?.sequence ?? lastCall;
    recentCalls = [...recentCalls, ...calls].slice(-25);
    drawTraffic(recentCalls, deliveries.pending);
    at("now").textContent = new Date(clock.now).toLocaleString();
    at("moved").textContent = clock.advanced_seconds ? `(moved by ${(clock.advanced_seconds / 3600).toFixed(1)} hours)` : "";
    if (!account) return say("There is no account yet: connect one, or POST /_sandbox/accounts.");
    const [media, comments, conversations, messages] = await Promise.all([
      call("GET", path("/media")), call("GET", path("/comments")), call("GET", path("/conversations")),
      call("GET", path(`/conversations/${encodeURIComponent(fan())}`))]);
    drawPosts(accounts.find((one) => one.user_id === account)?.username, media.slice(0, POSTS), comments);
    drawPeople(conversations);
    drawTalk(messages, conversations.find((one) => one.username === fan()), clock.now);
    if (at("status").textContent.startsWith("The sandbox does not answer")) say("");
  } catch (error) {
    say(`The sandbox does not answer: ${error.message}`, true);
  }
}

function start() {
  at("fault").replaceChildren(...FAULTS.map(([words], index) => make("option", { value: index, text: words })));
  at("account").addEventListener("change", () => { account = at("account").value; look(); });
  at("fan").addEventListener("change", look);
  at("new-post").addEventListener("submit", (event) => {
    event.preventDefault();
    act(async () => {
      await call("POST", path("/media"), { caption: at("caption").value.trim() || null });
      at("caption").value = "";
    });
  });
  at("new-message").addEventListener("submit", (event) => {
    event.preventDefault();
    act(async () => {
      const text = at("message").value.trim();
      if (!text) return;
      await call("POST", path("/messages"), { from: fan(), text });
      at("message").value = "";
    });
  });
  at("new-fault").addEventListener("submit", (event) => {
    event.preventDefault();
    act(() => {
      const fault = { ...FAULTS[at("fault").value][1] };
      const count = Number(at("fault-count").value);
      if (count > 0) fault.count = count;
      if (!at("fault-all").checked && account) fault.account = account;
      return call("POST", "/faults", fault);
    });
  });
  at("clock").addEventListener("click", (event) => {
    const seconds = event.target.dataset?.seconds;
    if (seconds === undefined) return;
    act(() => Number(seconds) ? call("POST", "/clock", { advance_seconds: Number(seconds) }) : call("DELETE", "/clock"));
  });
  look();
  setInterval(() => { if (!document.hidden) look(); }, 1000);
}

start();
