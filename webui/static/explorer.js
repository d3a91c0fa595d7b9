// Progressive enhancement of the data explorer: panels of columns, operators that fit, and ranges by brushing.
"use strict";

(() => {
  const dialog = document.querySelector("[data-panel-dialog]");

  // The operators that fit the type of the chosen column, and the second value of a range.
  const fitOperators = (form) => {
    const [column, operator] = [form.elements.f_column, form.elements.f_operator];
    const high = form.querySelector("[data-high]");
    const update = () => {
      const fit = column.selectedOptions[0].dataset.operators.split(" ");
      for (const option of operator.options) option.hidden = option.disabled = !fit.includes(option.value);
      if (operator.selectedOptions[0]?.disabled) operator.value = fit[0];
      high.hidden = operator.value !== "between";
      form.elements.f_value.closest("div").hidden = ["null", "notnull", "true", "false"].includes(operator.value);
    };
    column.addEventListener("change", update);
    operator.addEventListener("change", update);
    update();
  };

  // Columns are found by a part of their name, and checked or cleared together.
  const chooseColumns = (form) => {
    const find = form.querySelector("#column-find");
    const labels = [...form.querySelectorAll(".column-choices .check")];
    form.querySelector("[data-column-tools]").hidden = false;
    find.addEventListener("input", () => {
      for (const label of labels) label.hidden = !label.textContent.toLowerCase().includes(find.value.trim().toLowerCase());
    });
    find.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    for (const button of form.querySelectorAll("[data-check]")) {
      button.addEventListener("click", () => {
        for (const label of labels) if (!label.hidden) label.querySelector("input").checked = button.dataset.check === "all";
      });
    }
  };

  // The panel of a column in a dialog of the page.
  const showPanel = async (link) => {
    dialog.replaceChildren();
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close small";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    const content = document.createElement("div");
    content.textContent = "Computing…";
    content.setAttribute("role", "status");
    dialog.append(close, content);
    dialog.showModal();
    const answer = await fetch(`${link.href}&part=1`, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const panel = page.querySelector(".column-panel") ?? page.querySelector("main");
    content.removeAttribute("role");
    content.replaceChildren(document.adoptNode(panel));
    brushing(content);
  };

  // Dragging over the bars of a histogram sets the range of the form beside it.
  const brushing = (root) => {
    for (const figure of root.querySelectorAll("[data-brush]")) brush(figure);
  };

  const brush = (figure) => {
    const svg = figure.querySelector("svg");
    const [low, high] = ["low", "high"].map((name) => figure.parentElement.querySelector(`[data-range=${name}]`));
    if (!svg || !low) return;
    const [left, right, first, last] = ["left", "right", "low", "high"].map((name) => Number(figure.dataset[name]));
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    mark.setAttribute("class", "brush");
    mark.setAttribute("y", "16");
    mark.setAttribute("height", String(svg.viewBox.baseVal.height - 76));
    svg.append(mark);
    svg.classList.add("brushable");
    figure.querySelector("[data-brush-hint]").hidden = false;
    const at = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return Math.min(Math.max(point.x, left), right);
    };
    const value = (x) => String(Number((first + ((x - left) / (right - left)) * (last - first)).toPrecision(6)));
    let start = null;
    svg.addEventListener("pointerdown", (event) => {
      start = at(event);
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    svg.addEventListener("pointermove", (event) => {
      if (start === null) return;
      const ends = [start, at(event)].sort((one, other) => one - other);
      mark.setAttribute("x", String(ends[0]));
      mark.setAttribute("width", String(ends[1] - ends[0]));
      [low.value, high.value] = ends.map(value);
    });
    svg.addEventListener("pointerup", () => { start = null; });
    svg.addEventListener("pointercancel", () => { start = null; });
  };

  for (const form of document.querySelectorAll("[data-filter-form]")) fitOperators(form);
  for (const form of document.querySelectorAll("[data-column-form]")) chooseColumns(form);
  brushing(document);
  if (dialog) {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-panel]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      showPanel(link).catch(() => location.assign(link.href));
    });
  }
})();
