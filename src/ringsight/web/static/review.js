// What plain forms cannot do: parts of a page on request, the keyboard, choosing members, moving the picture.
"use strict";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The answer to a form has the form's address; show the address of the case instead.
const path = document.body.dataset.path;
if (path && location.pathname !== path) history.replaceState(null, "", path);

// What cannot be undone asks back.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.ask;
  if (question && !confirm(question)) { event.preventDefault(); event.stopImmediatePropagation(); }
});

// Parts on request: the form's answer takes the place of its target.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const target = form.dataset.into && document.getElementById(form.dataset.into);
  if (!target) return;
  event.preventDefault();
  const button = one("button", form);
  button.disabled = true;
  try {
    const chosen = all('input[name="subjects"]:checked').map((box) => box.value);
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (answer.status === 401) {
      target.textContent = "Your session has ended. Send your decision or reload the page to sign in.";
    } else {
      const text = await answer.text();
      const drawn = new DOMParser().parseFromString(text, "text/html");
      target.replaceChildren(...(answer.ok ? drawn.body : one("main", drawn) ?? drawn.body).childNodes);
      for (const box of all('input[name="subjects"]', target)) box.checked = chosen.includes(box.value);
      tellChoice();
      if (awaited && "everyone" in form.dataset) choose(awaited);
      awaited = "";
    }
  } catch {
    target.append(" The server does not answer. Try again.");
  }
  button.disabled = false;
  target.closest("tr")?.removeAttribute("hidden");
  await Promise.all(all("img", target).map((image) => image.decode().catch(() => {}))); // until then it has no height
  reveal(target);
});

// What a key or a click opens comes into view; what is in view stays where it is.
function reveal(part) {
  const box = part.getBoundingClientRect();
  if (box.top < 0 || box.bottom > innerHeight) part.scrollIntoView({ block: box.height > innerHeight ? "start" : "nearest" });
}

// A cell of the matrix opens its transactions below it; without a script it leads to a page of its own.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-part]");
  const target = link && document.getElementById(link.dataset.part);
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href);
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    target.replaceChildren(one("#part", drawn) ?? one("main", drawn) ?? drawn.body);
    for (const each of all("a[data-part][aria-current]")) each.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  } catch {
    target.textContent = "The server does not answer. Try again.";
  }
  reveal(target);
});

// Chosen members say what a decision is about: none the ring, one the member, two their link. More can only be split off.
const about = one("#about");
const whole = about?.textContent;
const proposedWords = one("[data-without] span")?.textContent;
const held = Boolean(one("[data-send]:not(:disabled)"));
function tellChoice() {
  const boxes = all('input[name="subjects"]');
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  for (const box of boxes) box.closest("tr").classList.toggle("chosen", box.checked);
  for (const node of all("[data-node]")) node.classList.toggle("chosen", chosen.includes(node.dataset.customer));
  if (!about) return;
  const words = [whole, `the member ${chosen[0]}`, `the link ${chosen.join(" – ")}`];
  about.textContent = words[chosen.length] ?? `${chosen.length} members: too many for a decision`;
  const without = one("[data-without]"), leaving = one("input", without);
  without.hidden = chosen.length === 0 && !one('input[name="left_out"]');
  one("span", without).textContent = chosen.length ? `same hand without the ${chosen.length} chosen` : proposedWords;
  if (without.hidden) leaving.checked = false;
  if (leaving.checked && chosen.length) about.textContent = `the ring, without the ${chosen.length} chosen`;
  one("[data-split]").hidden = chosen.length === 0;
  for (const button of all("[data-send], [data-next]")) button.disabled = !held || (chosen.length > 2 && !leaving.checked);
}
document.addEventListener("change", (event) => ["subjects", "judgement"].includes(event.target.name) && tellChoice());
let awaited = "";
const choose = (customer) => {
  const box = all('input[name="subjects"]').find((each) => each.value === customer);
  if (box) { box.checked = !box.checked; tellChoice(); }
  else { awaited = customer; one("[data-everyone]")?.requestSubmit(); }
};
tellChoice();

// The picture: wheel and keys zoom, dragging moves, pointing shows a member's links, a click chooses.
for (const graph of all("[data-graph]")) {
  const svg = one("svg", graph), scene = one("[data-scene]", graph);
  const view = { x: 0, y: 0, scale: 1 };
  const steady = all("[data-steady]", scene);
  const apply = () => {
    scene.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    for (const each of steady) each.setAttribute("transform", `scale(${1 / view.scale})`);
  };
  const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const zoom = (factor, centre) => {
    const scale = Math.min(12, Math.max(0.5, view.scale * factor));
    view.x = centre.x - (centre.x - view.x) * scale / view.scale;
    view.y = centre.y - (centre.y - view.y) * scale / view.scale;
    view.scale = scale;
    apply();
  };
  const box = svg.viewBox.baseVal;
  graph.zoom = (factor) => zoom(factor, { x: box.width / 2, y: box.height / 2 });
  svg.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, at(event)); }, { passive: false });
  let held = null, moved = 0;
  svg.addEventListener("pointerdown", (event) => { held = at(event); moved = 0; });
  svg.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) return;
    const now = at(event);
    moved += Math.abs(now.x - held.x) + Math.abs(now.y - held.y);
    view.x += now.x - held.x; view.y += now.y - held.y; held = now;
    apply();
  });
  svg.addEventListener("pointerup", () => { held = null; });
  svg.addEventListener("click", (event) => {
    const node = event.target.closest("[data-node]");
    if (node && moved < 4) choose(node.dataset.customer);
  });
  const show = (number) => {
    scene.classList.toggle("dimmed", Boolean(number));
    const near = new Set([number]);
    for (const line of all("line[data-ends]", scene)) {
      const ends = line.dataset.ends.split(" ");
      const touches = ends.includes(number);
      line.classList.toggle("near", touches);
      if (touches) ends.forEach((end) => near.add(end));
    }
    for (const node of all("[data-node]", scene)) node.classList.toggle("near", near.has(node.dataset.node));
  };
  scene.addEventListener("pointerover", (event) => {
    const node = event.target.closest("[data-node]");
    show(node ? node.dataset.node : "");
  });
  svg.addEventListener("pointerleave", () => show(""));
}

// The keyboard. Keys do nothing while the user types.
const dialog = one("#keys");
one("[data-keys]")?.addEventListener("click", () => dialog.showModal());
const rows = () => all("tr[data-row]");
const current = () => one("tr.current");
function step(by) {
  const list = rows();
  const next = list[Math.min(list.length - 1, Math.max(0, list.indexOf(current()) + by))];
  if (!next) return;
  current()?.classList.remove("current");
  next.classList.add("current");
  next.scrollIntoView({ block: "nearest" });
  (one("a, input, button", next))?.focus({ preventScroll: true });
}
document.addEventListener("keydown", (event) => {
  const send = one("[data-send]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && send && !send.disabled) {
    event.preventDefault();
    send.form.requestSubmit(send);
    return;
  }
  const next = one("[data-next]");
  const plain = !event.target.closest("a, button, summary, textarea, select, input:not([name=judgement]):not([name=reasons])");
  if (event.key === "Enter" && !(event.ctrlKey || event.metaKey || event.altKey || dialog.open) && plain && next && !next.disabled) {
    event.preventDefault();
    if (one('input[name="judgement"]:checked')) next.form.requestSubmit(next);
    return;
  }
  const typing = event.target.matches("textarea, select, input:not([type=checkbox]):not([type=radio])");
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  const act = {
    "?": () => dialog.showModal(),
    j: () => step(1),
    k: () => step(-1),
    q: () => location.assign("/"),
    "/": () => { const search = one("[data-search]"); search ? search.focus() : location.assign("/"); },
    t: () => one("[data-note]")?.focus(),
    x: () => { const box = current() && one('input[name="subjects"]', current()); if (box) choose(box.value); },
    o: () => { const form = current() && one("form[data-into]", current()); form?.requestSubmit(); },
    v: () => { const form = current() && one("form[data-around]", current()); form?.requestSubmit(); },
    "+": () => one("[data-graph]")?.zoom(1.25),
    "-": () => one("[data-graph]")?.zoom(0.8),
  }[event.key];
  const keyed = one(`[data-key="${CSS.escape(event.key)}"]`);
  if (act) { event.preventDefault(); act(); }
  else if (keyed && !keyed.closest("[hidden]")) { event.preventDefault(); reveal(keyed); keyed.click(); }
});
