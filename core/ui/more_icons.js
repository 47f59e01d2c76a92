// Fetches Streamlit's whole font of icons once one is drawn that is not among the few of ours. core/ui/icons.py puts it
// into the page, with the names of those and the whole font's address.
(few, whole) => {
  const names = new Set(few);
  const isMissing = icon => icon.textContent && !names.has(icon.textContent.trim());
  const watch = new MutationObserver(() => {
    if (![...document.querySelectorAll("[data-testid=stIconMaterial],.pd-symbol")].some(isMissing)) return;
    watch.disconnect();
    new FontFace("Material Symbols Rounded", `url(${whole})`).load().then(font => document.fonts.add(font));
  });
  watch.observe(document, { subtree: true, childList: true, characterData: true });
}
