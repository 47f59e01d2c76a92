// Connects, and asks for the page, while Streamlit's own scripts are still being fetched; they then take this
// connection for theirs, with all that has come over it. core/ui/first_page.py puts it into the page.
(() => {
  const site = self.__streamlit;
  if (self !== top || !site?.HOST_CONFIG || site.HOST_CONFIG.useExternalAuthToken) return;

  // Protocol buffers' wire format, as far as one message needs it: BackMsg.rerun_script of streamlit/proto.
  const varint = number => {
    const bytes = [];
    let rest = BigInt.asUintN(64, BigInt(number));
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    return [...bytes, Number(rest)];
  };
  const bytes = (field, content) => [field << 3 | 2, ...varint(content.length), ...content];
  const string = (field, value) => bytes(field, new TextEncoder().encode(value));
  const stringIfAny = (field, value) => (value ? string(field, value) : []);

  const scheme = () => {
    let chosen = null;
    try {
      chosen = JSON.parse(localStorage.getItem(`stActiveTheme-${location.pathname}-v2`));
    } catch {}
    if (chosen === "Light" || chosen === "Dark") return chosen.toLowerCase();
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  };
  const visitor = [
    ...string(1, Intl.DateTimeFormat().resolvedOptions().timeZone),
    2 << 3, ...varint(new Date().getTimezoneOffset()),
    ...string(3, navigator.language),
    ...string(4, location.origin + location.pathname),
    5 << 3, 0,
    ...string(6, scheme()),
  ];
  const first = new Uint8Array(bytes(11, [
    ...stringIfAny(1, location.search.slice(1)),
    ...bytes(2, []),
    ...stringIfAny(4, decodeURIComponent(location.pathname.split("/").pop())),
    ...bytes(8, visitor),
  ]));

  // Drawn before the scripts of its elements are there, a page shows something else in their places, and then moves.
  const elementsCame = new Promise(resolve => { self.podiumElementsCame = resolve; });
  const LATER_MS = 1000; // after the page is drawn, for what a visitor reads or does first
  const LONGEST_MS = 2000; // that it waits for them; Streamlit fetches those that have not come, as it draws

  const Native = WebSocket;
  const address = new URL("_stcore/stream", site.BACKEND_BASE_URL.replace(/^http/, "ws"));
  const token = document.cookie.match(/\b_streamlit_xsrf=([^;]*)\b/)?.[1] ?? "PLACEHOLDER_AUTH_TOKEN";
  const socket = new Native(address, ["streamlit", token]);
  socket.binaryType = "arraybuffer";
  let held = [];
  socket.addEventListener("open", () => Native.prototype.send.call(socket, first), { once: true });
  socket.addEventListener("message", event => {
    if (!held || !event.isTrusted) return;
    held.push(event.data);
    event.stopImmediatePropagation();
  });

  const passOn = messages => {
    for (const message of messages) socket.dispatchEvent(new MessageEvent("message", { data: message }));
  };
  const passOnAll = () => {
    if (!held) return;
    const messages = held;
    held = null;
    passOn(messages);
    if (!navigator.connection?.saveData) setTimeout(() => self.podiumTakeLater?.(), LATER_MS);
  };
  const whenDrawn = then => {
    setTimeout(then, 500); // where no frame is drawn, as in a window that was covered
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then)));
  };
  // All that has come is drawn in one go. The form is passed on before the rest, so that it can be used before that.
  const passOnFormFirst = () => {
    const last = held.findIndex(data => new TextDecoder("latin1").decode(data).includes(self.podiumFormEndsWith));
    if (document.hidden || last < 0) return passOnAll();
    passOn(held.splice(0, last + 1));
    whenDrawn(passOnAll);
  };

  // Streamlit asks for the page first of all. If that is what was asked, to the byte, it has been asked already.
  const sendFirst = data => {
    delete socket.send;
    if (data.length !== first.length || data.some((byte, at) => byte !== first[at])) socket.send(data);
    setTimeout(self.podiumElementsCame, LONGEST_MS);
    elementsCame.then(passOnFormFirst);
  };
  self.WebSocket = new Proxy(Native, {
    construct(target, [url, protocols]) {
      self.WebSocket = Native;
      if (socket.readyState > Native.OPEN || new URL(url).href !== socket.url || protocols?.length !== 2) {
        socket.close();
        return new target(url, protocols);
      }
      socket.send = sendFirst;
      if (socket.readyState === Native.OPEN) queueMicrotask(() => socket.dispatchEvent(new Event("open")));
      return socket;
    },
  });
})();
