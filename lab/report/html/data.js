"use strict";
// The report's data, looked up by name, and how its figures are written and coloured.
// Nothing is computed here that the statistics of mayfly-lab could have said: charts show its numbers.

const report = JSON.parse(document.getElementById("data").textContent);

const environmentOf = new Map(report.environments.map((environment) => [environment.name, environment]));
const mainSize = report.sizes.includes("parity") ? "parity" : report.sizes[0] ?? "";
const cellKey = (fn, environment, size = mainSize) => `${fn}\n${environment}\n${size}`;
const cellOf = new Map(report.cells.map((cell) => [cellKey(cell.function, cell.environment, cell.size), cell]));
const cell = (fn, environment, size) => cellOf.get(cellKey(fn, environment, size));

const isNative = (environment) => environment.engine === "";
const isAot = (environment) => !isNative(environment) && environment.strategy === "aot";
const isJit = (environment) => !isNative(environment) && environment.strategy !== "aot";
const names = (environments) => environments.map((environment) => environment.name);

function milliseconds(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toPrecision(3)} ms`;
}
const number = (value, digits = 3) =>
  value === null || value === undefined ? "–" : Number(value.toPrecision(digits)).toLocaleString("en");
const fixed = (value, digits = 2) => (value === null || value === undefined ? "–" : value.toFixed(digits));
// A p-value: small ones keep their exponent.
const pValue = (p) => (p === null || p === undefined ? "–" : p < 0.001 ? p.toExponential(1) : p.toFixed(3));
const interval = (range, format) => (range ? `[${format(range[0])}, ${format(range[1])}]` : "too few runs");
const ratioText = (ratio) =>
  ratio ? `${fixed(ratio.ratio)} ${ratio.interval ? interval(ratio.interval, (v) => fixed(v)) : ""}`.trim() : "–";
// What an interval supports: below 1 is faster, above 1 is slower.
function verdict(ratio) {
  if (!ratio || !ratio.interval) return "unknown";
  return ratio.interval[1] < 1 ? "faster" : ratio.interval[0] > 1 ? "slower" : "open";
}
const geometricMean = (values) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

// An engine has its hue everywhere; compiling or interpreting at the start is a lighter shade of it. Containers of
// runc are greys, native programs under Mayfly green. The same engine under another runtime has a pattern.
const hues = {wasmtime: "#6a4df4", wasmedge: "#0891b2", wasmer: "#e07b1f"};
const others = ["#c2417a", "#2f6fb0", "#8a7a2e", "#4f7f4f"];
const containerColours = {distroless: "#8b929c", debian: "#59606b", scratch: "#b9bfc7"};

function mix(hex, other, share) {
  const channel = (text, at) => parseInt(text.slice(at, at + 2), 16);
  const blend = (at) => Math.round(channel(hex, at) * (1 - share) + channel(other, at) * share);
  return `#${[1, 3, 5].map((at) => blend(at).toString(16).padStart(2, "0")).join("")}`;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(name).trim();
  return {text: get("--text"), quiet: get("--quiet"), line: get("--line"), card: get("--card"),
    good: get("--good"), bad: get("--bad"), accent: get("--accent"), dark: isDark()};
}

function colourOf(name) {
  const environment = environmentOf.get(name);
  if (!environment) return others[0];
  let colour;
  if (isNative(environment)) {
    if (environment.runtime === "mayfly") colour = "#2c9c69";
    else if (environment.runtime === "runc") colour = containerColours[environment.image] ?? "#8b929c";
    else colour = environment.runtime === "crun" ? "#b08a4f" : others[environment.runtime.length % others.length];
  } else {
    const base = Object.keys(hues).find((engine) => environment.engine.startsWith(engine));
    colour = base ? hues[base] : others[environment.engine.length % others.length];
    if (environment.strategy !== "aot") colour = mix(colour, isDark() ? "#191c1f" : "#ffffff", 0.45);
  }
  return isDark() ? mix(colour, "#ffffff", 0.16) : colour;
}

// A pattern for engines that a runtime other than Mayfly runs, so that they are not told by colour alone.
function decalOf(name) {
  const environment = environmentOf.get(name);
  const foreign = environment && !isNative(environment) && environment.runtime !== "mayfly";
  return foreign ? {symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: Math.PI / 4,
    color: isDark() ? "rgba(0,0,0,.35)" : "rgba(255,255,255,.45)"} : undefined;
}

const words = {aot: "AOT", jit: "JIT", interpreter: "interpreter", debian: "Debian", distroless: "distroless",
  scratch: "scratch", wasmtime: "Wasmtime", wasmedge: "WasmEdge", wasmer: "Wasmer", mayfly: "Mayfly"};
const say = (word) => words[word] ?? word;

// "Mayfly · Wasmtime AOT", "runc · distroless".
function label(name) {
  const environment = environmentOf.get(name);
  if (!environment) return name;
  if (isNative(environment)) {
    return environment.image ? `${say(environment.runtime)} · ${say(environment.image)}` : name;
  }
  // Two environments may differ in more than this tells, e.g. in a shim.
  const text = `${say(environment.runtime)} · ${say(environment.engine)} ${say(environment.strategy)}`;
  const alike = report.environments.filter((other) => !isNative(other) && other.runtime === environment.runtime &&
    other.engine === environment.engine && other.strategy === environment.strategy);
  return alike.length > 1 ? name : text;
}
