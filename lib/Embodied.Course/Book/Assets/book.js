"use strict";

// The width in pixels for which figures are laid out.
const column = 720;

// Charts are drawn when they come near the window, so that a page with many appears soon.
function drawChart(plot) {
  if (plot.dataset.drawn) return Promise.resolve();
  plot.dataset.drawn = "pending";
  const figure = JSON.parse(plot.closest("figure").querySelector("script").textContent);
  const height = figure.layout.height ?? plot.clientHeight;
  fitNarrowWindow(plot, figure);
  const config = Object.assign({ responsive: true, displaylogo: false }, figure.config);
  return Plotly.newPlot(plot, figure.data, figure.layout, config)
    .then(chart => figure.frames ? Plotly.addFrames(chart, figure.frames) : chart)
    .then(() => keepCaptionsApart(plot, height))
    .then(() => closeGap(plot))
    .then(() => keepLegendBelow(plot))
    .then(() => {
      const player = plot.closest("figure").querySelector(".player");
      if (player) setUpPlayer(plot, player);
    })
    .then(() => { plot.dataset.drawn = "true"; markScrollers(); });
}

// Figures are laid out for a column of 720 pixels. Where there is less, panels of pictures shrink as a whole, and curves side by side scroll.
function fitNarrowWindow(plot, figure) {
  const layout = figure.layout, width = plot.clientWidth;
  if (width >= column - 40 || !("xaxis2" in layout)) return;
  if (figure.data.every(trace => trace.type === "image" || trace.type === "heatmap")) {
    const { t = 100, b = 80, l = 80, r = 80 } = layout.margin ?? {};
    layout.height = Math.round(t + b + (layout.height - t - b) * (width - l - r) / (column - l - r));
    plot.style.height = `${layout.height}px`;
  } else {
    plot.style.width = `${column - 80}px`;
  }
}

// Captions that run into each other are worse than a figure that scrolls.
function keepCaptionsApart(plot, height) {
  const boxes = [...plot.querySelectorAll("g.annotation text")].map(text => text.getBoundingClientRect());
  const collide = boxes.some((a, i) => boxes.slice(i + 1).some(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
  if (!collide || plot.clientWidth >= column - 80) return;
  plot.style.width = `${column - 80}px`;
  plot.style.height = `${height}px`;
  return Plotly.relayout(plot, { width: column - 80, height }); // Left to itself, the width stays as first drawn.
}

// A plot whose axes keep one scale may need less height than it was given.
function closeGap(plot) {
  const layout = plot._fullLayout;
  if ("xaxis2" in layout || !layout.yaxis) return;
  const given = layout._size.h, needed = layout.yaxis._length, gap = Math.round(given - needed);
  if (gap < 24) return;
  const change = { height: layout.height - gap };
  // A legend below the plot is placed in plot heights.
  if (layout.showlegend && layout.legend.y < 0) change["legend.y"] = layout.legend.y * given / needed;
  plot.style.height = `${change.height}px`;
  return Plotly.relayout(plot, change);
}

// A legend that hangs by its lower edge grows upwards when its entries need more rows, over the axis' title.
function keepLegendBelow(plot) {
  const layout = plot._fullLayout, legend = plot.querySelector("g.legend"), title = plot.querySelector(".xtitle");
  if (!legend || !title || "xaxis2" in layout || layout.legend.y >= 0) return;
  const overlap = Math.ceil(title.getBoundingClientRect().bottom - legend.getBoundingClientRect().top) + 4;
  if (overlap <= 4) return;
  const height = layout.height + overlap;
  plot.style.height = `${height}px`;
  return Plotly.relayout(plot, { height, "margin.b": layout._size.b + overlap, "legend.y": layout.legend.y - overlap / layout._size.h });
}

// Moves through an animation's frames by a button and a slider that the keyboard reaches.
function setUpPlayer(plot, player) {
  const [button, slider, moment] = player.children;
  const frames = JSON.parse(player.dataset.frames), labels = JSON.parse(player.dataset.labels);
  const pace = Math.max(20, Number(player.dataset.milliseconds));
  let timer = null;
  const show = index => {
    const text = `${player.dataset.counts} ${labels[index]}`.trim();
    slider.value = index;
    slider.setAttribute("aria-valuetext", text);
    moment.textContent = text;
    return Plotly.animate(plot, [frames[index]], { mode: "immediate", frame: { duration: 0, redraw: true }, transition: { duration: 0 } });
  };
  const pause = () => {
    clearTimeout(timer);
    timer = null;
    button.textContent = "Play";
  };
  const step = () => {
    const next = Number(slider.value) + 1;
    if (next >= frames.length) {
      pause();
      return;
    }
    timer = setTimeout(step, pace);
    show(next);
  };
  button.addEventListener("click", () => {
    if (timer !== null) {
      pause();
      return;
    }
    if (Number(slider.value) === frames.length - 1) show(0);
    button.textContent = "Pause";
    timer = setTimeout(step, pace);
  });
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  slider.setAttribute("aria-valuetext", moment.textContent);
  button.disabled = slider.disabled = false;
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
