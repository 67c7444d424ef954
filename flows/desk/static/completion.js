// Offers views, columns and keywords of SQL while a statement is written.
"use strict";

(() => {
  const MAX_OFFERS = 8;
  const KEYWORDS = "SELECT FROM WHERE GROUP BY ORDER LIMIT JOIN LEFT USING DISTINCT HAVING WITH UNION ALL DESC CASE WHEN THEN ELSE END QUALIFY BETWEEN ILIKE UNNEST list_contains count".split(" ");
  const box = document.querySelector("#query");
  const list = document.createElement("ul");
  let names = {};
  let offers = [];
  let chosen = 0;

  list.className = "offers";
  list.id = "offers";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Names to complete with");
  list.hidden = true;
  box.after(list);
  for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-controls": "offers" })) box.setAttribute(name, value);
  fetch(box.dataset.names).then((response) => (response.ok ? response.json() : {})).then((views) => { names = views; });

  const wordBefore = () => /[A-Za-z_][\w]*$/.exec(box.value.slice(0, box.selectionStart))?.[0] ?? "";

  function matches(word) {
    const start = word.toLowerCase();
    const views = Object.keys(names);
    const used = views.filter((view) => new RegExp(`\\b${view}\\b`, "i").test(box.value));
    // Columns of the views that the statement names come before those of others.
    const columns = (among, note) => among.flatMap((view) => names[view].map((name) => ({ name, note: note ?? view })));
    const all = [...columns(used), ...views.map((name) => ({ name, note: "view" })), ...KEYWORDS.map((name) => ({ name, note: "" })), ...columns(views)];
    const seen = new Set();
    return all.filter(({ name }) => name.toLowerCase().startsWith(start) && name.length > word.length && !seen.has(name) && seen.add(name)).slice(0, MAX_OFFERS);
  }

  function hide() {
    offers = [];
    list.hidden = true;
    box.removeAttribute("aria-activedescendant");
  }

  function show() {
    const word = wordBefore();
    offers = word.length > 1 ? matches(word) : [];
    if (!offers.length) return hide();
    chosen = Math.min(chosen, offers.length - 1);
    list.replaceChildren(...offers.map(({ name, note }, position) => {
      const item = document.createElement("li");
      const remark = document.createElement("small");
      item.id = `offer-${position}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(position === chosen));
      remark.textContent = note;
      item.append(name, remark);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); chosen = position; take(); });
      return item;
    }));
    list.hidden = false;
    box.setAttribute("aria-activedescendant", `offer-${chosen}`);
  }

  function take() {
    const word = wordBefore();
    const { name } = offers[chosen];
    box.setRangeText(name === "by" ? '"by"' : name, box.selectionStart - word.length, box.selectionStart, "end");
    hide();
    box.focus();
  }

  box.addEventListener("input", () => { chosen = 0; show(); });
  box.addEventListener("blur", hide);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.form.requestSubmit();
    } else if (!offers.length) {
      return;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : offers.length - 1)) % offers.length;
      show();
    } else if (event.key === "Tab") {
      event.preventDefault();
      take();
    } else if (event.key === "Escape") {
      hide();
    }
  });
})();
