// Keeps the page up to date: fetches it anew and replaces the parts that changed. Without it the page is the same, and
// stands still. Paused while nobody looks; focus, selection and scroll stay where they are.
"use strict";
(() => {
  const EVERY = 5000;
  let timer = 0;
  let busy = false;

  const path = (element) => {
    // How to find an element again in the new part: by its id or its address, and which of its kind it is.
    if (element.id) return `#${CSS.escape(element.id)}`;
    const href = element.getAttribute("href");
    return href ? `a[href="${CSS.escape(href)}"]` : null;
  };

  const replace = (old, fresh) => {
    if (old.outerHTML === fresh.outerHTML) return;
    const focus = document.activeElement;
    const inside = focus && old.contains(focus) ? path(focus) : null;
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && old.contains(selection.anchorNode)) return;
    const scrolls = [...old.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    old.replaceWith(fresh);
    [...fresh.querySelectorAll(".scroll")].forEach((part, n) => { part.scrollLeft = scrolls[n] || 0; });
    if (inside) {
      const again = fresh.querySelector(inside);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(EVERY) });
      const text = await answer.text();
      const page = new DOMParser().parseFromString(text, "text/html");
      if (!answer.ok || !page.querySelector("[data-live]")) throw new Error("no page");
      const headline = () => document.querySelector("h1").innerText;
      const before = headline();
      for (const fresh of page.querySelectorAll("[data-live]")) {
        const old = document.getElementById(fresh.id);
        if (old) replace(old, document.adoptNode(fresh));
      }
      if (headline() !== before) document.getElementById("said").innerText = headline();
      if (document.title !== page.title) document.title = page.title;
      document.body.classList.remove("stale");
    } catch {
      // The daemon may be restarting: the page says that it is old, and goes on trying.
      document.body.classList.add("stale");
    } finally {
      busy = false;
    }
  };

  const run = () => {
    clearInterval(timer);
    if (document.hidden) return;
    timer = setInterval(refresh, EVERY);
    refresh();
  };
  document.addEventListener("visibilitychange", run);
  timer = setInterval(refresh, EVERY);
})();
