"use strict";

// Charts are drawn when they come near the window, so that a page with many appears soon.
function drawChart(plot) {
  if (plot.dataset.drawn) return Promise.resolve();
  plot.dataset.drawn = "pending";
  const figure = JSON.parse(plot.parentElement.nextElementSibling.textContent);
  fitNarrowWindow(plot, figure);
  const config = Object.assign({ responsive: true, displaylogo: false }, figure.config);
  return Plotly.newPlot(plot, figure.data, figure.layout, config)
    .then(chart => figure.frames ? Plotly.addFrames(chart, figure.frames) : chart)
    .then(() => { plot.dataset.drawn = "true"; markScrollers(); });
}

// Figures are laid out for a column of 720 pixels. Where there is less, pictures shrink as a whole, and curves side by side scroll.
function fitNarrowWindow(plot, figure) {
  const full = 720, width = plot.clientWidth;
  if (width >= full - 40 || !("xaxis2" in figure.layout)) return;
  if (figure.data.every(trace => trace.type === "image" || trace.type === "heatmap")) {
    const margin = figure.layout.margin, around = margin.t + margin.b;
    figure.layout.height = Math.round(around + (figure.layout.height - around) * width / full);
    plot.style.height = `${figure.layout.height}px`;
  } else {
    plot.style.width = `${full - 80}px`;
  }
}

function drawAllCharts() {
  return Promise.all([...document.querySelectorAll(".book-plot")].map(drawChart));
}

function drawChartsWhenNear() {
  const near = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        near.unobserve(entry.target);
        drawChart(entry.target);
      }
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll(".book-plot").forEach(plot => near.observe(plot));
  window.addEventListener("beforeprint", drawAllCharts);
}

// What scrolls sideways has to be reachable from the keyboard, and what does not should not be in its way.
function markScrollers() {
  for (const box of document.querySelectorAll("pre, .formula, .html, .prose table, .chart-box")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    if (scrolls) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
}

function setUpTheme() {
  const button = document.getElementById("theme"), root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* Some browsers keep nothing for files. */ }
    show();
  });
  system.addEventListener("change", show);
  show();
}

function foldContentsOnPhones() {
  const contents = document.querySelector(".toc details");
  if (contents && window.matchMedia("(max-width: 1100px)").matches) contents.open = false;
}

setUpTheme();
foldContentsOnPhones();
markScrollers();
window.addEventListener("resize", markScrollers);
if (document.querySelector(".book-plot")) drawChartsWhenNear();
