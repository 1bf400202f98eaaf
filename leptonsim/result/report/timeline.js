"use strict";
/* The timeline: a lane for each engine on a canvas; what can be seen is drawn, what is thinner than a pixel is joined. */
(() => {
  const canvas = document.getElementById("timeline"), tip = document.getElementById("tip");
  const range = document.getElementById("timeline-range");
  const LEFT = 84, TOP = 6, BOTTOM = 26, FEWEST_PS = 10;
  const lanes = DATA.engines.map((engine, at) => ({
    engine,
    bars: STEPS.filter((step) => step.spans[at])
      .map((step) => ({ begin: step.spans[at][0], end: step.spans[at][1], step }))
      .sort((one, other) => one.begin - other.begin || one.end - other.end),
  }));
  const last = Math.max(1, ...lanes.map((lane) => lane.bars.reduce((end, bar) => Math.max(end, bar.end), 1)));
  let from = 0, to = last, chosen = null, width = 1, height = 1, waiting = false;

  const left = () => (width < 480 ? 60 : LEFT);
  const x = (time) => left() + (time - from) / (to - from) * (width - left() - 8);
  const time = (at) => from + (at - left()) / (width - left() - 8) * (to - from);
  const laneHeight = () => (height - TOP - BOTTOM) / lanes.length;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const look = (begin, end) => {
    const span = Math.min(last, Math.max(FEWEST_PS, end - begin));
    from = Math.min(Math.max(0, begin), last - span);
    to = from + span;
    later();
  };
  const zoom = (factor, at = (from + to) / 2) => look(at - (at - from) * factor, at + (to - at) * factor);
  const later = () => {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(() => { waiting = false; draw(); });
    }
  };

  /* A step of 1, 2 or 5 times a power of ten such that labels have room. */
  const tickStep = () => {
    const least = (to - from) / Math.max(2, Math.floor((width - left()) / 95)), power = 10 ** Math.floor(Math.log10(least));
    return [1, 2, 5, 10].map((part) => part * power).find((step) => step >= least);
  };
  const tickText = (at, step) => {
    const units = [[1e12, "s"], [1e9, "ms"], [1e6, "\u00b5s"], [1e3, "ns"], [1, "ps"]];
    const [factor, unit] = units.find(([size]) => to >= size) || units[4];
    const digits = Math.max(0, Math.ceil(Math.log10(factor / step) - 1e-9));
    return `${(at / factor).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
  };

  const ink = (background) => {
    const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(background.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000000" : "#ffffff";
  };

  function draw() {
    const scale = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
    [width, height] = [Math.max(1, box.width), Math.max(1, box.height)];
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d"), high = laneHeight(), rule = colour("--rule"), text = colour("--ink");
    const paper = colour("--paper");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = '11px system-ui, "DejaVu Sans", sans-serif';
    pen.textBaseline = "middle";
    const step = tickStep();
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      pen.fillStyle = rule;
      pen.fillRect(x(at), TOP, 1, height - TOP - BOTTOM);
      pen.fillStyle = text;
      const label = tickText(at, step), half = pen.measureText(label).width / 2;
      pen.textAlign = "center";
      pen.fillText(label, Math.min(Math.max(x(at), half + 2), width - half - 2), height - BOTTOM / 2);
    }
    let drawn = 0;
    lanes.forEach((lane, number) => {
      const top = TOP + number * high + high * 0.12, tall = high * 0.76;
      pen.fillStyle = text;
      pen.textAlign = "right";
      pen.fillText(lane.engine, left() - 6, top + tall / 2, left() - 8);
      pen.save();
      pen.beginPath();
      pen.rect(left(), 0, width - left() - 8, height);
      pen.clip();
      let reached = -1, shade = "";
      lane.bars.forEach((bar, at) => {
        if (bar.end < from || bar.begin > to) return;
        const begin = x(bar.begin), end = Math.max(x(bar.end), begin + 0.7), fill = DATA.colours[bar.step.kind];
        if (end <= reached + 0.5 && fill === shade) return;
        pen.fillStyle = fill;
        pen.fillRect(begin, top, end - begin, tall);
        drawn += 1;
        reached = Math.max(reached, end);
        shade = fill;
        if (end - begin > 3) {
          pen.fillStyle = paper;
          pen.fillRect(end - 0.6, top, 0.6, tall);
        }
        const next = lane.bars[at + 1], seen = Math.max(begin, left());
        const room = Math.min(end, next ? x(next.begin) : end, width - 8) - seen - 6;
        if (room > 24) {
          let name = bar.step.name;
          if (pen.measureText(name).width > room) {
            const letters = Math.floor(name.length * room / pen.measureText(name).width) - 1;
            name = letters >= 4 ? "\u2026" + name.slice(-letters) : "";
          }
          pen.fillStyle = ink(fill);
          pen.textAlign = "left";
          pen.fillText(name, seen + 3, top + tall / 2, room);
        }
        if (chosen === bar.step) {
          pen.strokeStyle = text;
          pen.lineWidth = 2;
          pen.strokeRect(begin, top, Math.max(2, end - begin), tall);
        }
      });
      pen.restore();
    });
    range.textContent = `${timeText(from)} to ${timeText(to)}`;
    Object.assign(canvas.dataset, { from: Math.round(from), to: Math.round(to), bars: drawn });
  }

  const hit = (event) => {
    const box = canvas.getBoundingClientRect(), across = event.clientX - box.left, down = event.clientY - box.top;
    const lane = lanes[Math.floor((down - TOP) / laneHeight())];
    if (!lane || across < left()) return null;
    const reach = (to - from) / width, at = time(across);
    const under = lane.bars.filter((bar) => bar.begin - reach <= at && at <= bar.end + reach);
    return under.length ? { lane, bar: under.reduce((one, other) => (other.end - other.begin < one.end - one.begin ? other : one)) } : null;
  };
  const tell = (event) => {
    const found = hit(event);
    tip.hidden = !found;
    if (!found) return;
    const { lane, bar } = found, box = canvas.getBoundingClientRect();
    const name = bar.step.name.length > 120 ? "\u2026" + bar.step.name.slice(-120) : bar.step.name;
    tip.textContent = [`${name} (${bar.step.kind})`, `${lane.engine}: ${timeText(bar.begin)} to ${timeText(bar.end)}, ${timeText(bar.end - bar.begin)}`,
      `adds ${bar.step.texts[0]} (${bar.step.texts[1]}), bound by ${bar.step.bound}`].join("\n");
    const across = event.clientX - box.left, down = event.clientY - box.top;
    tip.style.left = `${Math.max(0, Math.min(across + 12, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${down + 16}px`;
  };

  const fingers = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("moved");
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) {
      tell(event);
      return;
    }
    const perPixel = (to - from) / (width - left() - 8), others = [...fingers.values()].filter((each) => each !== before);
    if (others.length) {
      const other = others[0], was = Math.abs(before.clientX - other.clientX), is = Math.abs(event.clientX - other.clientX);
      if (was > 8 && is > 8) zoom(was / is, time((event.clientX + other.clientX) / 2 - canvas.getBoundingClientRect().left));
    } else {
      const moved = (before.clientX - event.clientX) * perPixel;
      look(from + moved, to + moved);
    }
    fingers.set(event.pointerId, event);
    tip.hidden = true;
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      canvas.classList.remove("moved");
    });
  }
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(event.deltaY / 300), time(event.clientX - canvas.getBoundingClientRect().left));
  }, { passive: false });
  const show = (step) => {
    chosen = step;
    const spans = step.spans.filter(Boolean), begin = Math.min(...spans.map((span) => span[0])), end = Math.max(...spans.map((span) => span[1]));
    const margin = (end - begin) * 0.1;
    look(begin - margin, end + margin);
  };
  canvas.addEventListener("dblclick", (event) => {
    const found = hit(event);
    if (found) show(found.bar.step);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = (to - from) / 5;
    const keys = {
      "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => look(0, last),
      ArrowLeft: () => look(from - step, to - step), ArrowRight: () => look(from + step, to + step),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("step", (event) => { chosen = event.detail; later(); });
  document.getElementById("zoom-in").addEventListener("click", () => zoom(0.5));
  document.getElementById("zoom-out").addEventListener("click", () => zoom(2));
  document.getElementById("zoom-all").addEventListener("click", () => { chosen = null; look(0, last); });
  new ResizeObserver(later).observe(canvas);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
  window.addEventListener("beforeprint", () => { document.documentElement.classList.add("printing"); draw(); });
  window.addEventListener("afterprint", () => { document.documentElement.classList.remove("printing"); draw(); });

  const grouped = new Map();
  for (const [kind, shade] of Object.entries(DATA.colours)) grouped.set(shade, [...(grouped.get(shade) || []), kind]);
  for (const [shade, kinds] of grouped) {
    const key = document.createElement("span"), square = document.createElement("i");
    square.style.background = shade;
    const names = kinds.map((kind) => (kind.length > 24 ? "\u2026" + kind.slice(-23) : kind));
    key.append(square, names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more kinds` : names.join(", "));
    document.getElementById("timeline-kinds").append(key);
  }
  draw();
})();
