// What a hand expects more. Every page works without it.

// The summary of mistakes takes the focus; its links lead to the control itself.
document.querySelector("[data-focus]")?.focus();
for (const link of document.querySelectorAll(".summary a")) {
  link.addEventListener("click", () => document.querySelector(link.hash)?.focus());
}
