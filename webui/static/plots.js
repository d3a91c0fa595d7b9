// Plots of a selection: they are loaded when they come into view, and a drag across one selects rows for all of them.
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const LEAST_DRAG = 5;
  const MOST_TRIES = 8;
  const DEGREE = Math.PI / 180;

  const load = async (figure) => {
    const status = figure.querySelector("[data-status]");
    status.textContent = "Counting…";
    for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
      let answer;
      try {
        answer = await fetch(figure.dataset.plot, { headers: { Accept: "image/svg+xml" } });
      } catch {
        return offerRetry(figure, "The connection was lost.");
      }
      if (answer.status === 503 && attempt < MOST_TRIES - 1) {
        const seconds = Number(answer.headers.get("Retry-After")) || 5;
        status.textContent = `The server is busy. The plot is requested again in ${seconds} s.`;
        await new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
        continue;
      }
      if (!answer.headers.get("Content-Type")?.startsWith("image/svg+xml")) {
        return offerRetry(figure, "The plot cannot be shown. Load the page again.");
      }
      show(figure, await answer.text(), answer.ok);
      status.textContent = "";
      if (!answer.ok) offerRetry(figure, "");
      return undefined;
    }
    return undefined;
  };

  const offerRetry = (figure, message) => {
    const status = figure.querySelector("[data-status]");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "Try again";
    button.addEventListener("click", () => load(figure));
    status.replaceChildren(message, " ", button);
  };

  // The style element stays in what is saved; on the page there is the style sheet, and no element may have styles.
  const show = (figure, text, isPlot) => {
    const unstyled = text.replace(/<style>[^]*?<\/style>/, "");
    const svg = document.importNode(new DOMParser().parseFromString(unstyled, "image/svg+xml").documentElement, true);
    svg.querySelector("title")?.remove(); // its label says the same, and a tooltip would be in the way
    figure.querySelector("svg")?.remove();
    figure.prepend(svg);
    figure.closest("section").querySelector("[data-png]").hidden = !isPlot;
    figure.plotText = text;
    if (isPlot && svg.dataset.frame) brush(figure, svg);
    if (svg.dataset.fields) linkFields(figure, svg.dataset.fields.split(";"));
  };

  // Links that select one field of a survey that has several.
  const linkFields = (figure, fields) => {
    figure.parentElement.querySelector(".fields")?.remove();
    const links = document.createElement("p");
    links.className = "fields";
    links.append("Fields: ");
    fields.forEach((cone, index) => {
      const link = document.createElement("a");
      link.href = addressWith([], cone);
      link.textContent = String(index + 1);
      link.setAttribute("aria-label", `Select field ${index + 1}`);
      links.append(link, " ");
    });
    figure.after(links);
  };

  // Scales of axes and projections of the sky, from positions in the drawing to values.
  const scaleOf = (text) => {
    const [low, high, begin, end, kind] = text.split(" ");
    const [a, b] = kind === "log" ? [Math.log10(low), Math.log10(high)] : [Number(low), Number(high)];
    return (place) => {
      const share = (place - begin) / (end - begin);
      const value = a * (1 - share) + b * share;
      return kind === "log" ? 10 ** value : value;
    };
  };

  const projectionOf = (text) => {
    const [kind, ...numbers] = text.split(" ");
    const [lon, lat, scale, x, y] = numbers.map(Number);
    return (px, py) => {
      const [a, b] = [(x - px) / scale, (y - py) / scale];
      if (kind === "AIT") {
        const z = Math.sqrt(1 - (a / 4) ** 2 - (b / 2) ** 2);
        if (!(z * z >= 0.5)) return null;
        const half = Math.atan2(z * a, 2 * (2 * z * z - 1));
        return [(lon + 2 * half / DEGREE + 360) % 360, Math.asin(z * b) / DEGREE];
      }
      const radius = Math.hypot(a, b);
      if (radius > 1.99) return null;
      const c = 2 * Math.asin(radius / 2);
      const [sin0, cos0] = [Math.sin(lat * DEGREE), Math.cos(lat * DEGREE)];
      const north = radius ? b / radius : 1;
      const east = radius ? a / radius : 0;
      const dec = Math.asin(Math.cos(c) * sin0 + Math.sin(c) * cos0 * north);
      const turn = Math.atan2(Math.sin(c) * east, Math.cos(c) * cos0 - Math.sin(c) * sin0 * north);
      return [(lon + turn / DEGREE + 360) % 360, dec / DEGREE];
    };
  };

  const separation = ([ra, dec], [ra2, dec2]) => {
    const [d1, d2, turn] = [dec * DEGREE, dec2 * DEGREE, (ra2 - ra) * DEGREE];
    const haversine = Math.sin((d2 - d1) / 2) ** 2 + Math.cos(d1) * Math.cos(d2) * Math.sin(turn / 2) ** 2;
    return 2 * Math.asin(Math.min(1, Math.sqrt(haversine))) / DEGREE;
  };

  // Digits that tell the ends of a range apart.
  const rounded = (value, width) => {
    const digits = Math.ceil(-Math.log10(width)) + 3;
    if (!Number.isFinite(digits) || digits > 15 || digits < -15) return String(Number(value.toPrecision(8)));
    return String(digits >= 0 ? Number(value.toFixed(digits)) : Math.round(value / 10 ** -digits) * 10 ** -digits);
  };

  const within = (name, one, other) => {
    const [low, high] = one < other ? [one, other] : [other, one];
    return { name, low: rounded(low, high - low), high: rounded(high, high - low) };
  };

  // The address with new ranges and a new cone; ranges that it has of the same columns are replaced.
  const addressWith = (ranges, cone) => {
    const address = new URL(location.href);
    const given = address.searchParams;
    let filters = given.getAll("filter");
    for (const { name, low, high } of ranges) {
      const written = name.replaceAll("%", "%25").replaceAll(":", "%3A");
      const old = new RegExp(`^(between|ge|le):${written.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}:`);
      filters = [...filters.filter((filter) => !old.test(filter)), `between:${written}:${low}..${high}`];
    }
    for (const name of [...given.keys()]) {
      if (name === "form" || name === "page" || /^[fp]_/.test(name)) given.delete(name);
    }
    given.delete("filter");
    for (const filter of filters) given.append("filter", filter);
    if (cone) given.set("cone", cone);
    return address;
  };

  const select = (figure, svg, from, to) => {
    const { sky, xColumn, yColumn, kind } = svg.dataset;
    const section = figure.closest("section");
    let address;
    if (sky) {
      const place = projectionOf(sky);
      const [centre, edge] = [place(...from), place(...to)];
      if (!centre || !edge) return;
      const radius = separation(centre, edge);
      const digits = Math.ceil(-Math.log10(radius)) + 3;
      const numbers = [...centre, radius].map((value) => Number(value.toFixed(Math.min(12, Math.max(3, digits)))));
      address = addressWith([], numbers.join(","));
    } else {
      const ranges = [];
      const [x, y] = [scaleOf(svg.dataset.x), scaleOf(svg.dataset.y)];
      if (xColumn) ranges.push(within(xColumn, x(from[0]), x(to[0])));
      if (yColumn && kind === "plane") ranges.push(within(yColumn, y(from[1]), y(to[1])));
      address = addressWith(ranges, null);
    }
    address.hash = section.id;
    location.assign(address);
  };

  const brush = (figure, svg) => {
    const { sky, kind, frame, xColumn, yColumn } = svg.dataset;
    if (!sky && !xColumn && !yColumn) return;
    const [left, top, right, bottom] = frame.split(" ").map(Number);
    const mark = document.createElementNS(SVG, sky ? "circle" : "rect");
    mark.setAttribute("class", "brush");
    svg.classList.add("brushable");
    let from = null;

    const placeOf = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [Math.min(right, Math.max(left, point.x)), Math.min(bottom, Math.max(top, point.y))];
    };
    const draw = (to) => {
      if (sky) {
        const radius = Math.hypot(to[0] - from[0], to[1] - from[1]);
        for (const [name, value] of Object.entries({ cx: from[0], cy: from[1], r: radius })) mark.setAttribute(name, value);
        return;
      }
      const isBand = kind === "histogram" || !yColumn;
      const isLine = !xColumn;
      const [x1, x2] = isLine ? [left, right] : [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
      const [y1, y2] = isBand ? [top, bottom] : [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
      for (const [name, value] of Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 })) {
        mark.setAttribute(name, value);
      }
    };
    const stop = () => {
      from = null;
      mark.remove();
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      from = placeOf(event);
      svg.append(mark);
      draw(from);
    });
    svg.addEventListener("pointermove", (event) => {
      if (from) draw(placeOf(event));
    });
    svg.addEventListener("pointerup", (event) => {
      if (!from) return;
      const [begin, end] = [from, placeOf(event)];
      const length = Math.hypot(end[0] - begin[0], end[1] - begin[1]);
      if (length < LEAST_DRAG) {
        stop();
        if (sky && figure.dataset.densities) showDensities(figure, sky, begin);
        return;
      }
      from = null;
      svg.classList.add("is-old");
      select(figure, svg, begin, end);
    });
    svg.addEventListener("pointercancel", stop);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && from) stop();
    });
  };

  // A click on a map shows p(z) of the objects there, within five units of the drawing.
  const showDensities = (figure, sky, at) => {
    const place = projectionOf(sky);
    const [centre, beside] = [place(...at), place(at[0] + 5, at[1])];
    if (!centre || !beside) return;
    const radius = separation(centre, beside);
    location.assign(`${figure.dataset.densities}?${new URLSearchParams({ ra: centre[0], dec: centre[1], radius })}`);
  };

  const savePng = async (figure) => {
    const picture = new Image();
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(figure.plotText)}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width * 2, picture.height * 2];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = `${figure.dataset.name}.png`;
    link.click();
  };

  // Fields that the chosen kind has.
  const fitForm = (form) => {
    const kind = form.elements.p_kind;
    const update = () => {
      const { quantities, flags, colour, densities } = kind.selectedOptions[0].dataset;
      for (const part of form.querySelectorAll("[data-needs]")) {
        const { needs } = part.dataset;
        part.hidden = needs === "colour" ? colour === "no"
          : needs === "densities" ? densities === "no" : Number(needs) > Number(quantities);
      }
      for (const part of form.querySelectorAll("[data-flag]")) part.hidden = !flags.split(" ").includes(part.dataset.flag);
    };
    kind.addEventListener("change", update);
    update();
  };

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      load(entry.target);
    }
  }, { rootMargin: "200px" });

  for (const figure of document.querySelectorAll("[data-plot]")) {
    seen.observe(figure);
    figure.closest("section").querySelector("[data-png]").addEventListener("click", () => savePng(figure));
  }
  for (const form of document.querySelectorAll("[data-plot-form]")) fitForm(form);
  for (const hint of document.querySelectorAll("[data-script-hint]")) hint.hidden = false;
})();
