// Files are sent in parts, one after the other, and can be paused, resumed and cancelled: to products (step 2 of the
// wizard) and to one's own files. The server remembers uploads that were interrupted.
"use strict";

(() => {
  const ENDS = 65536; // bytes at both ends of a file that are checked before it is sent
  const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds before a broken connection is tried again
  const WINDOW = 8000; // milliseconds over which the speed is measured
  const PERMANENT = new Set([400, 401, 403, 404, 413, 415, 422, 507]);
  let active = 0;

  const size = (bytes) => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let value = bytes, unit = 0;
    while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
    return `${unit ? Number(value.toPrecision(3)) : value} ${units[unit]}`;
  };

  const duration = (seconds) => {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
    return `${(seconds / 3600).toFixed(1)} h`;
  };

  const base64 = async (blob) => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = "";
    for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192));
    return btoa(text);
  };

  class Refused extends Error {}
  class Interrupted extends Error {}

  // The sentence of an error of the API.
  const sentence = (text, status) => {
    try {
      const found = JSON.parse(text);
      return found.detail ?? found.error ?? Object.values(found).flat()[0];
    } catch {
      return `The server refused the file (status ${status}).`;
    }
  };

  // One file: its bytes, its row on the page, and its state.
  class Transfer {
    constructor(form, file) {
      this.form = form;
      this.file = file;
      this.state = "waiting"; // then sending, paused, failed, cancelled or done
      this.sent = 0;
      this.samples = [];
      this.draw();
    }

    draw() {
      this.row = document.createElement("li");
      this.row.innerHTML = '<span class="name"></span><span class="state"></span><span class="buttons"><button type="button" class="small" data-act="pause">Pause</button><button type="button" class="small danger" data-act="cancel">Cancel</button></span><progress max="1" value="0"></progress>';
      this.row.querySelector(".name").textContent = this.file.name;
      this.bar = this.row.querySelector("progress");
      this.bar.setAttribute("aria-label", `Upload of ${this.file.name}`);
      this.text = this.row.querySelector(".state");
      this.toggle = this.row.querySelector("[data-act=pause]");
      for (const button of this.row.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent} ${this.file.name}`);
      this.toggle.addEventListener("click", () => (this.state === "paused" ? this.resume() : this.pause()));
      this.row.querySelector("[data-act=cancel]").addEventListener("click", () => this.cancel());
      this.form.querySelector("[data-transfers]").append(this.row);
      this.tell("Waiting for the file before it");
    }

    tell(text, failed = false) {
      this.text.textContent = text;
      this.text.classList.toggle("failed", failed);
    }

    pause() {
      this.state = "paused";
      this.request?.abort();
      this.wake?.();
      this.label("Resume");
      this.tell(`Paused at ${this.percent()}`);
    }

    resume() {
      this.state = "sending";
      this.samples = [];
      this.label("Pause");
      this.tell("Continuing");
      this.wake?.();
    }

    async cancel() {
      this.state = "cancelled";
      this.request?.abort();
      this.wake?.();
      this.row.remove();
      if (this.address) await fetch(this.address, { method: "DELETE" }).catch(() => {});
    }

    label(word) {
      this.toggle.textContent = word;
      this.toggle.setAttribute("aria-label", `${word} ${this.file.name}`);
    }

    percent() {
      return `${Math.floor((100 * this.sent) / (this.file.size || 1))} %`;
    }

    progress(sent) {
      const now = performance.now();
      this.sent = sent;
      this.bar.value = sent / (this.file.size || 1);
      this.samples.push([now, sent]);
      while (this.samples.length > 2 && now - this.samples[0][0] > WINDOW) this.samples.shift();
      const [then, before] = this.samples[0];
      const speed = now - then > 500 ? (1000 * (sent - before)) / (now - then) : 0;
      const left = speed > 0 ? `, ${duration((this.file.size - sent) / speed)} left` : "";
      this.tell(`${this.percent()}, ${size(sent)} of ${size(this.file.size)}${speed > 0 ? `, ${size(speed)}/s` : ""}${left}`);
    }

    // Wait for so many seconds, until the browser is online again, or until a button is used.
    wait(seconds) {
      return new Promise((resolve) => {
        const timer = seconds === null ? null : setTimeout(resolve, 1000 * seconds);
        this.wake = () => { clearTimeout(timer); resolve(); };
        window.addEventListener("online", this.wake, { once: true });
      });
    }

    // Send the whole file; return whether it was stored.
    async run() {
      if (this.state === "cancelled") return false;
      if (this.state === "waiting") this.state = "sending";
      let broken = 0;
      for (;;) {
        if (this.state === "cancelled") return false;
        if (this.state === "paused") { await this.wait(null); continue; }
        try {
          const before = this.sent;
          if (await this.step()) return true;
          if (this.sent > before) broken = 0;
        } catch (error) {
          if (error instanceof Refused) {
            this.state = "failed";
            this.tell(error.message, true);
            this.row.querySelector(".buttons").remove();
            return false;
          }
          this.known = null; // the server says how much has arrived
          if (this.state !== "sending") continue;
          const pause = PAUSES[Math.min(broken, PAUSES.length - 1)];
          broken += 1;
          this.tell(`The connection was lost at ${this.percent()}. Trying again in ${pause} s.`);
          await this.wait(pause);
        }
      }
    }

    // Ask where to continue, or send one part; return whether the file is complete.
    async step() {
      if (!this.known) this.known = await this.begin();
      const { id, address, received, next_part: length } = this.known;
      this.address = address ?? `${this.form.dataset.uploads}/${id}`;
      this.sent = received;
      const answer = await this.part(`${this.address}${address ? "&" : "?"}offset=${received}`, this.file.slice(received, received + length), received);
      this.known = answer;
      this.progress(answer.received);
      if (answer.file === null) return false;
      this.state = "done";
      return true;
    }

    async description() {
      const { file, form } = this;
      const common = { name: file.name, size: file.size, fingerprint: String(file.lastModified) };
      if (!form.elements.role) return common;
      return {
        ...common, role: form.elements.role.value,
        first: await base64(file.slice(0, ENDS)), last: await base64(file.slice(-ENDS)),
      };
    }

    async begin() {
      const body = await this.description();
      let answer;
      try {
        answer = await fetch(this.form.dataset.uploads, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      } catch {
        throw new Interrupted();
      }
      if (answer.ok) return answer.json();
      const text = await answer.text();
      // A conflict at the start is one of the product, as with a second file of a name.
      if (PERMANENT.has(answer.status) || answer.status === 409) throw new Refused(sentence(text, answer.status));
      throw new Interrupted();
    }

    part(address, blob, before) {
      return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        this.request = request;
        request.open("PATCH", address);
        request.setRequestHeader("Content-Type", "application/octet-stream");
        request.upload.addEventListener("progress", (event) => {
          if (this.state === "sending") this.progress(before + event.loaded);
        });
        request.addEventListener("load", () => {
          if (request.status < 300) resolve(JSON.parse(request.responseText));
          else if (PERMANENT.has(request.status) && request.status !== 404) reject(new Refused(sentence(request.responseText, request.status)));
          else reject(new Interrupted());
        });
        for (const kind of ["error", "abort", "timeout"]) request.addEventListener(kind, () => reject(new Interrupted()));
        request.send(blob);
      });
    }
  }

  const choose = (form, files) => {
    const error = form.querySelector("[data-error]");
    const input = form.querySelector("input[type=file]");
    const large = files.find((file) => file.size > Number(form.dataset.limit));
    error.textContent = "";
    if (large) error.textContent = `The file ${large.name} is larger than the limit of ${form.dataset.limitText}.`;
    else if (files.length > 1 && !input.multiple) error.textContent = "A product has one main file. Combine several tables in one zip or tar archive, or add the others as auxiliary files.";
    else if (files.length) send(form, files);
  };

  const send = async (form, files) => {
    const button = form.querySelector("button:not([type])");
    button.disabled = true;
    form.querySelector("[data-transfers]").replaceChildren();
    active += 1;
    const transfers = files.map((file) => new Transfer(form, file));
    let failed = false;
    for (const transfer of transfers) {
      await transfer.run();
      failed ||= transfer.state === "failed";
      if (transfer.state === "done") {
        transfer.tell(`Stored, ${size(transfer.file.size)}`);
        transfer.row.querySelector(".buttons").remove();
      }
    }
    active -= 1;
    button.disabled = false;
    if (!failed && !active) location.assign(form.action);
  };

  for (const form of document.querySelectorAll("form[data-uploads]")) {
    const input = form.querySelector("input[type=file]");
    form.querySelector("[data-drop]").hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      choose(form, [...input.files]);
    });
    form.addEventListener("dragover", (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
    for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("over"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!form.querySelector("button:not([type])").disabled) choose(form, [...event.dataTransfer.files]);
    });
  }

  // A file that is dropped beside the forms would be opened instead of the page.
  for (const kind of ["dragover", "drop"]) {
    window.addEventListener(kind, (event) => {
      if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    });
  }

  window.addEventListener("beforeunload", (event) => { if (active) event.preventDefault(); });
})();
