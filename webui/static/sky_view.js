// Sky view: the footprint of a product as a MOC over images of the sky, drawn by Aladin Lite.
"use strict";

(() => {
  const sky = document.getElementById("sky");
  const status = document.querySelector("[data-status]");
  if (typeof A === "undefined") {
    status.textContent = "Aladin Lite could not be loaded from CDS. Try again later.";
    return;
  }
  A.init.then(() => {
    const view = A.aladin("#sky", { survey: "P/DSS2/color", target: sky.dataset.target, fov: Number(sky.dataset.field), cooFrame: "ICRSd" });
    const options = { name: sky.dataset.name, color: "#ffa45c", lineWidth: 2, perimeter: true, opacity: 0.9 };
    view.addMOC(A.MOCFromJSON(JSON.parse(sky.dataset.moc), options));
    status.textContent = "";
  }).catch(() => { status.textContent = "Aladin Lite could not start: it needs WebGL 2."; });
})();
