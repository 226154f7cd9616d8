// What is wrong with how this page is laid out, as lines of text: what is wider than the window, what is cut off, letters
// that run into others on the time line, letters that don't stand out from their ground, and links that are too small for
// a finger.
(() => {
  const faults = [];
  const wide = document.documentElement.clientWidth;
  const name = (element) => {
    const text = (element.textContent || "").trim().slice(0, 40);
    return `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} “${text}”`;
  };
  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const luminance = ({ r, g, b }) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (colour(backgroundColor).a > 0) return colour(backgroundColor);
    }
    return { r: 255, g: 255, b: 255 };
  };
  const stands = (element, ink) => {
    const [a, b] = [luminance(colour(ink)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${name(element)}`);
  };

  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("svg, .unseen, .skip, thead.unseen")) continue;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (style.display === "none" || box.width <= 1 || box.height <= 1) continue;
    // On a phone the head of the table is for screen readers alone.
    if (element.closest("thead") && getComputedStyle(element.closest("thead")).position === "absolute") continue;
    const scrolls = element.closest(".scroll");
    if (!scrolls && (box.right > wide + 0.5 || box.left < -0.5)) faults.push(`wider than the window: ${name(element)}`);
    const boxed = style.display !== "inline" && style.display !== "contents";
    if (boxed && !element.matches(".scroll, input")) {
      if (element.scrollWidth > element.clientWidth + 1) faults.push(`cut off: ${name(element)}`);
      if (style.overflowY === "hidden" && element.scrollHeight > element.clientHeight + 1) faults.push(`cut off below: ${name(element)}`);
    }
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (own) stands(element, style.color);
    if (element.matches(".chip, .languages a, .pages a, button") && box.height < 24) faults.push(`small: ${name(element)}`);
  }
  for (const axis of document.querySelectorAll("svg.axis")) {
    const frame = axis.getBoundingClientRect();
    if (frame.width <= 1) continue;
    const texts = [...axis.querySelectorAll("text")].map((text) => [text, text.getBoundingClientRect()]);
    texts.forEach(([text, box], place) => {
      stands(axis.parentElement, getComputedStyle(text).fill);
      if (box.right > frame.right + 1 || box.left < frame.left - 1) faults.push(`off the axis: ${text.textContent}`);
      for (const [other, its] of texts.slice(place + 1)) {
        if (box.left < its.right && its.left < box.right) faults.push(`run together: ${text.textContent} ${other.textContent}`);
      }
    });
  }
  if (document.documentElement.scrollWidth > wide) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  return faults;
})()
