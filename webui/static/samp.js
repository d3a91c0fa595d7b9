// "Send to" by the web profile of SAMP (SAMP 1.3 §5): tables, footprints, rows and positions, and highlights received.
"use strict";

(() => {
  const HUBS = ["http://localhost:21012/", "http://127.0.0.1:21012/"];
  const POLL_SECONDS = "20";
  const RETRY_MILLISECONDS = 2000;
  const TABLES = [
    { label: "Table (VOTable)", mtype: "table.load.votable", format: "votable" },
    { label: "Table (FITS)", mtype: "table.load.fits", format: "fits" },
    { label: "Table (Parquet)", mtype: "table.load.parquet", format: "parquet" },
  ];
  const POSITION = { label: "Position", mtype: "coord.pointAt.sky" };
  const MOC = { label: "Footprint (MOC)", mtype: "coverage.load.moc.fits" };

  // --- XML-RPC

  const escaped = (text) => text.replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]);

  const written = (value) => {
    if (Array.isArray(value)) return `<value><array><data>${value.map(written).join("")}</data></array></value>`;
    if (typeof value === "object") {
      const members = Object.entries(value).map(([name, item]) => `<member><name>${escaped(name)}</name>${written(item)}</member>`);
      return `<value><struct>${members.join("")}</struct></value>`;
    }
    return `<value><string>${escaped(String(value))}</string></value>`;
  };

  const read = (value) => {
    const inner = value.firstElementChild;
    if (inner === null) return value.textContent;
    if (inner.tagName === "array") return [...inner.querySelector(":scope > data").children].map(read);
    if (inner.tagName !== "struct") return inner.textContent;
    return Object.fromEntries([...inner.children].map((member) => [
      member.querySelector(":scope > name").textContent, read(member.querySelector(":scope > value")),
    ]));
  };

  const call = async (hub, method, parameters, options = {}) => {
    const body = `<?xml version="1.0"?><methodCall><methodName>samp.webhub.${method}</methodName><params>${parameters.map((item) => `<param>${written(item)}</param>`).join("")}</params></methodCall>`;
    const answer = await fetch(hub, { method: "POST", body, headers: { "Content-Type": "text/xml" }, credentials: "omit", ...options });
    const found = new DOMParser().parseFromString(await answer.text(), "text/xml");
    const fault = found.querySelector("fault > value");
    if (fault) throw new HubError(read(fault).faultString);
    const value = found.querySelector("params > param > value");
    return value ? read(value) : "";
  };

  class HubError extends Error {}

  // --- connection, one for all parts of the page

  let connection = null;
  const waiting = new Map();

  const ask = async (method, ...parameters) => {
    if (!connection) throw new HubError("The page is not connected.");
    return call(connection.hub, method, [connection.key, ...parameters]);
  };

  const connect = async () => {
    if (connection) return;
    const name = `${document.querySelector(".brand")?.textContent.trim() ?? "Photo-z Server"} (browser)`;
    let hub;
    for (const tried of HUBS) {
      try {
        await call(tried, "ping", []);
        hub = tried;
        break;
      } catch (error) {
        if (error instanceof HubError) throw error;
      }
    }
    if (!hub) throw new HubError("No SAMP hub answers on this computer. Start TOPCAT or Aladin, then try again.");
    const made = await call(hub, "register", [{ "samp.name": name }]);
    connection = { hub, key: made["samp.private-key"], stop: new AbortController() };
    await ask("declareMetadata", { "samp.name": name, "samp.description.text": document.title, "samp.icon.url": new URL("/static/icon.svg", location.href).href, "home.page": location.origin });
    await ask("allowReverseCallbacks", "1");
    await ask("declareSubscriptions", {
      "table.highlight.row": {}, "table.select.rowList": {}, "coord.pointAt.sky": {},
      "samp.hub.event.register": {}, "samp.hub.event.unregister": {}, "samp.hub.event.subscriptions": {}, "samp.hub.event.shutdown": {},
    });
    listen(connection);
  };

  const disconnect = () => {
    if (!connection) return;
    const { hub, key, stop } = connection;
    connection = null;
    stop.abort();
    call(hub, "unregister", [key], { keepalive: true }).catch(() => {});
    document.querySelectorAll("[data-samp]").forEach(showState);
  };

  // Long polls for what other programs send, until the page disconnects.
  const listen = async (mine) => {
    while (connection === mine) {
      try {
        const callbacks = await call(mine.hub, "pullCallbacks", [mine.key, POLL_SECONDS], { signal: mine.stop.signal });
        for (const callback of callbacks) receive(callback["samp.methodName"], callback["samp.params"]);
      } catch (error) {
        if (connection !== mine) return;
        if (error instanceof HubError || error instanceof TypeError) return lost();
        await new Promise((resolve) => { setTimeout(resolve, RETRY_MILLISECONDS); });
      }
    }
  };

  const lost = () => {
    connection = null;
    for (const box of document.querySelectorAll("[data-samp]")) {
      showState(box);
      tell(box, "The SAMP hub has ended.");
    }
  };

  const receive = (method, parameters) => {
    if (method.endsWith("receiveResponse")) return respond(parameters[1], parameters[2]);
    const message = parameters[parameters.length - 1];
    if (method.endsWith("receiveCall")) ask("reply", parameters[1], { "samp.status": "samp.ok", "samp.result": {} }).catch(() => {});
    const [mtype, given] = [message["samp.mtype"], message["samp.params"] ?? {}];
    if (mtype === "samp.hub.event.shutdown") return lost();
    if (mtype.startsWith("samp.hub.event.")) return document.querySelectorAll("[data-samp]").forEach(listClients);
    if (mtype === "table.highlight.row") highlight(given, [given.row]);
    if (mtype === "table.select.rowList") highlight(given, given["row-list"] ?? []);
    if (mtype === "coord.pointAt.sky") {
      const position = document.getElementById("position");
      if (position) position.value = `${given.ra} ${given.dec}`;
    }
  };

  const respond = (tag, response) => {
    const box = waiting.get(tag);
    waiting.delete(tag);
    if (!box) return;
    const isWrong = response["samp.status"] === "samp.error";
    tell(box, isWrong ? `It was refused: ${response["samp.error"]?.["samp.errortxt"] ?? "no reason was given"}` : "It has arrived.");
  };

  // Rows of a table that was sent from here, by their numbers from 0.
  const highlight = (given, numbers) => {
    for (const box of document.querySelectorAll("[data-samp]")) {
      if (given["table-id"] !== box.dataset.sampId && (!given.url || given.url !== box.dataset.sampUrl)) continue;
      const rows = rowsOf(box);
      rows?.querySelectorAll("tr.picked").forEach((row) => row.classList.remove("picked"));
      const found = numbers.map((number) => rows?.querySelector(`tr[data-row="${Number(number)}"]`)).filter(Boolean);
      found.forEach((row) => row.classList.add("picked"));
      found[0]?.scrollIntoView({ block: "nearest" });
      const missing = numbers.length - found.length;
      tell(box, missing ? `${numbers.length === 1 ? `Row ${Number(numbers[0]) + 1} was` : `${numbers.length} rows were`} chosen elsewhere; ${found.length ? "some are" : "not"} among the rows shown.` : "");
    }
  };

  // --- parts of the page

  const rowsOf = (box) => box.closest("section, main")?.querySelector("[data-rows]") ?? document.querySelector("[data-rows]");
  const tell = (box, text) => { box.querySelector("[data-samp-status]").textContent = text; };
  const kindsOf = (box) => {
    const { sampQuery, sampProduct, sampRa } = box.dataset;
    return [...(sampQuery ? TABLES : []), ...(sampProduct ? [MOC] : []), ...(sampRa ? [POSITION] : [])];
  };
  const kindOf = (box) => kindsOf(box)[box.querySelector("[data-samp-type]").selectedIndex];

  const showState = (box) => {
    box.querySelector("[data-samp-connect]").hidden = connection !== null;
    box.querySelector("[data-samp-choices]").hidden = connection === null;
    rowsOf(box)?.classList.toggle("sending", connection !== null);
  };

  const listClients = async (box) => {
    if (!connection) return;
    const kind = kindOf(box);
    const button = box.querySelector("[data-samp-send]");
    button.disabled = true;  // until it is known who takes this
    let ids = [];
    try {
      ids = Object.keys(await ask("getSubscribedClients", kind.mtype));
    } catch (error) {
      return tell(box, `The SAMP hub does not answer: ${error.message}`);
    }
    const names = await Promise.all(ids.map((id) => ask("getMetadata", id).then((found) => found["samp.name"] ?? id, () => id)));
    if (kind !== kindOf(box)) return;
    const select = box.querySelector("[data-samp-client]");
    const chosen = select.value;
    select.replaceChildren(...ids.map((id, number) => new Option(names[number], id)));
    if (ids.length > 1) select.prepend(new Option("All programs", ""));
    if ([...select.options].some((option) => option.value === chosen)) select.value = chosen;
    button.disabled = !ids.length;
    if (!ids.length) tell(box, "No program that is connected takes this.");
    else if (box.querySelector("[data-samp-status]").textContent.startsWith("No program")) tell(box, "");
  };

  const start = async (box) => {
    tell(box, "The hub may ask whether this page may connect.");
    try {
      await connect();
      document.querySelectorAll("[data-samp]").forEach(showState);
      tell(box, rowsOf(box) ? "A click on a row shows it in the other programs." : "");
      await Promise.all([...document.querySelectorAll("[data-samp]")].map(listClients));
    } catch (error) {
      tell(box, error.message);
    }
  };

  const addressOf = async (box, kind) => {
    const body = new URLSearchParams(kind === MOC ? { product: box.dataset.sampProduct } : { query: box.dataset.sampQuery, format: kind.format });
    const answer = await fetch("/query/send", { method: "POST", body });
    const found = await answer.json();
    if (!answer.ok) throw new HubError(found.error ?? "The server refused to send it.");
    return found.url;
  };

  const paramsOf = async (box, kind) => {
    const { sampRa: ra, sampDec: dec, sampName: name } = box.dataset;
    if (kind === POSITION) return { ra, dec };
    const url = await addressOf(box, kind);
    box.dataset.sampId ||= `photoz-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    if (kind === MOC) return { url, "coverage-id": `${box.dataset.sampId}-moc`, name };
    box.dataset.sampUrl = url;
    return { url, "table-id": box.dataset.sampId, name };
  };

  const send = async (box) => {
    const kind = kindOf(box);
    const client = box.querySelector("[data-samp-client]").value;
    tell(box, "Sending …");
    try {
      const message = { "samp.mtype": kind.mtype, "samp.params": await paramsOf(box, kind) };
      if (client && kind === POSITION) {
        await ask("notify", client, message);
        tell(box, "Sent.");
      } else if (client) {
        const tag = `sent-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
        waiting.set(tag, box);
        await ask("call", client, tag, message);
        tell(box, "Sent; the program loads it.");
      } else {
        await ask("notifyAll", message);
        tell(box, "Sent to all programs.");
      }
    } catch (error) {
      tell(box, error.message);
    }
  };

  // A click on a row points the other programs to it.
  const point = (row) => {
    if (!connection || !row) return;
    const table = row.closest("[data-rows]");
    table.querySelectorAll("tr.picked").forEach((other) => other.classList.remove("picked"));
    row.classList.add("picked");
    for (const box of document.querySelectorAll("[data-samp]")) {
      if (!box.dataset.sampUrl || rowsOf(box) !== table) continue;
      const given = { "table-id": box.dataset.sampId, url: box.dataset.sampUrl, row: row.dataset.row };
      ask("notifyAll", { "samp.mtype": "table.highlight.row", "samp.params": given }).catch(() => {});
    }
    if (row.dataset.ra) {
      const given = { ra: row.dataset.ra, dec: row.dataset.dec };
      ask("notifyAll", { "samp.mtype": "coord.pointAt.sky", "samp.params": given }).catch(() => {});
    }
  };

  const prepare = (root) => {
    for (const box of root.querySelectorAll("[data-samp]")) {
      box.hidden = false;
      box.querySelector("[data-samp-type]").replaceChildren(...kindsOf(box).map((kind) => new Option(kind.label)));
      box.querySelector("[data-samp-connect]").addEventListener("click", () => start(box));
      box.querySelector("[data-samp-type]").addEventListener("change", () => listClients(box));
      box.querySelector("[data-samp-send]").addEventListener("click", () => send(box));
      box.querySelector("[data-samp-leave]").addEventListener("click", disconnect);
      showState(box);
      listClients(box);
    }
    for (const row of root.querySelectorAll("[data-rows] tr[data-row]")) row.addEventListener("click", () => point(row));
  };

  prepare(document);
  document.addEventListener("photoz:rows", (event) => prepare(event.detail));
  addEventListener("pagehide", disconnect);
})();
