// Sections, figures and tables. A figure is a chart with its table, each downloadable; the chart is drawn when it
// comes into view, and again when the width or the theme changes.

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function announce(text) {
  document.getElementById("live").textContent = text;
}

function addSection(id, title, lead) {
  const section = element("section", {id, "aria-labelledby": `${id}-title`},
    element("h2", {id: `${id}-title`}, title), lead ? element("p", {class: "lead"}, lead) : null);
  document.getElementById("main").append(section);
  document.getElementById("nav").append(element("li", {}, element("a", {href: `#${id}`}, title)));
  return section;
}

function addMissing(section, text) {
  section.append(element("p", {class: "missing"}, text));
}

// columns: {title, value(row), text(row)?, left?, wrap?, tone(row)?}
function tableOf(columns, rows, caption) {
  let sorted = {column: -1, descending: false};
  const body = element("tbody");
  const heads = columns.map((column, index) => element("th", {scope: "col", class: column.left ? "left" : undefined},
    element("button", {type: "button", onclick: () => sort(index)}, column.title)));
  const fill = (ordered) => {
    body.replaceChildren(...ordered.map((row) => element("tr", {}, ...columns.map((column, index) => {
      const text = column.text ? column.text(row) : String(column.value(row) ?? "–");
      const classes = [column.left && "left", column.wrap && "wrap", column.tone && column.tone(row)];
      return element(index === 0 ? "th" : "td", {scope: index === 0 ? "row" : undefined,
        class: classes.filter(Boolean).join(" ") || undefined}, text);
    }))));
  };
  const sort = (index) => {
    sorted = {column: index, descending: sorted.column === index && !sorted.descending};
    const order = [...rows].sort((a, b) => {
      const [x, y] = [columns[index].value(a), columns[index].value(b)];
      if (x === null || x === undefined) return 1;
      if (y === null || y === undefined) return -1;
      const difference = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
      return sorted.descending ? -difference : difference;
    });
    heads.forEach((head, i) => {
      if (i === index) head.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    fill(order);
    announce(`sorted by ${columns[index].title}, ${sorted.descending ? "descending" : "ascending"}`);
  };
  fill(rows);
  return element("div", {class: rows.length > 20 ? "scroll tall" : "scroll", tabindex: "0", role: "region",
    "aria-label": caption}, element("table", {}, element("caption", {class: "visually-hidden"}, caption),
    element("thead", {}, element("tr", {}, ...heads)), body));
}

function csvOf(columns, rows) {
  const field = (value) => {
    const text = String(value ?? "").replaceAll(/\s*\n\s*/g, " ");
    return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map((column) => field(column.title)), ...rows.map((row) =>
    columns.map((column) => field(column.value(row))))];
  return lines.map((line) => `${line.join(",")}\n`).join("");
}

function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = element("a", {href: url, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  announce(`${name} is being downloaded`);
}

// Every figure of the page, for the checks in a browser and for a new theme.
const figures = [];

// A figure: id, title, note, columns, rows (a function of the choices) and, unless it is only a table, chart(view),
// which gives an ECharts option; view has width, colours, rows and the choices. height(view) in px; minWidth(view):
// narrower screens scroll inside the figure. choices: {name: {label, options: [{value, label}]}}.
class Figure {
  constructor(section, spec) {
    this.spec = spec;
    this.choice = Object.fromEntries(Object.entries(spec.choices ?? {}).map(([name, choice]) =>
      [name, (choice.options.find((option) => option.selected) ?? choice.options[0]).value]));
    this.node = element("figure", {id: spec.id, "aria-labelledby": `${spec.id}-title`});
    const note = spec.note ? element("p", {}, spec.note) : null;
    this.node.append(element("header", {},
      element("div", {class: "text"}, element("h3", {id: `${spec.id}-title`}, spec.title), note), this.tools()));
    this.body = element("div", {});
    this.node.append(this.body);
    section.append(this.node);
    figures.push(this);
    this.mode = spec.chart ? "chart" : "table";
    if (this.mode === "table") this.show("table");
    else observer.observe(this.node);
  }

  rows() { return this.spec.rows(this.choice); }

  tools() {
    const {spec} = this;
    const tools = element("div", {class: "tools", role: "group", "aria-label": `${spec.title}: view and download`});
    for (const [name, choice] of Object.entries(spec.choices ?? {})) {
      tools.append(element("select", {"aria-label": choice.label, onchange: (event) => {
        this.choice[name] = event.target.value;
        this.show(this.mode);
      }}, ...choice.options.map((option) => element("option", {value: option.value,
        selected: option.selected === true}, option.label))));
    }
    if (spec.chart) {
      this.buttons = ["chart", "table"].map((mode) => element("button", {type: "button",
        "aria-pressed": mode === "chart" ? "true" : "false", onclick: () => this.show(mode)},
      mode === "chart" ? "Chart" : "Table"));
      tools.append(...this.buttons, element("button", {type: "button", "aria-label": `${spec.title} as SVG`,
        onclick: () => this.downloadSvg()}, "SVG"));
    }
    tools.append(element("button", {type: "button", "aria-label": `${spec.title} as CSV`,
      onclick: () => download(`${spec.id}.csv`, "text/csv", csvOf(spec.columns, this.rows()))}, "CSV"));
    return tools;
  }

  show(mode) {
    this.mode = mode;
    if (this.buttons) {
      this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String((i === 0) === (mode === "chart"))));
    }
    if (mode === "table") {
      this.dispose();
      this.body.replaceChildren(tableOf(this.spec.columns, this.rows(), this.spec.title));
    } else {
      this.draw();
    }
  }

  view(width) {
    return {width, colours: palette(), rows: this.rows(), choice: this.choice};
  }

  draw() {
    const {spec} = this;
    this.dispose();
    const width = this.body.clientWidth;
    if (width === 0) return;
    const view = this.view(Math.max(width, spec.minWidth ? spec.minWidth(this.view(width)) : 0));
    const holder = element("div", {class: "chart", role: "img", tabindex: "0", "aria-label":
      `Chart: ${spec.title}. ${spec.note ?? ""} The button Table shows its ${view.rows.length} rows of figures.`});
    this.body.replaceChildren(element("div", {class: "scroll"}, holder));
    this.drawnWidth = width;
    this.chart = echarts.init(holder, null, {renderer: "svg", width: view.width, height: spec.height(view)});
    this.chart.setOption({animation: false, textStyle: {fontFamily: "inherit", color: view.colours.text},
      ...spec.chart(view)});
  }

  redraw() {
    if (this.mode === "chart" && this.chart) this.draw();
  }

  dispose() {
    if (this.chart) this.chart.dispose();
    this.chart = null;
  }

  downloadSvg() {
    if (!this.chart) this.show("chart");
    const svg = decodeURIComponent(this.chart.getDataURL({type: "svg", backgroundColor: palette().card})
      .replace(/^data:image\/svg\+xml;charset=UTF-8,/, ""));
    download(`${this.spec.id}.svg`, "image/svg+xml", svg);
  }
}

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const figure = figures.find((candidate) => candidate.node === entry.target);
    if (entry.isIntersecting && figure && figure.mode === "chart" && !figure.chart) figure.draw();
  }
}, {rootMargin: "300px"});

function followWidthAndTheme() {
  let timer = 0;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => figures.forEach((figure) => {
      if (figure.body.clientWidth !== figure.drawnWidth) figure.redraw();
    }), 150);
  });
  const redrawAll = () => figures.forEach((figure) => figure.redraw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  document.getElementById("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    redrawAll();
    announce(isDark() ? "dark" : "light");
  });
  addEventListener("beforeprint", () => figures.forEach((figure) => {
    if (figure.mode === "chart" && !figure.chart) figure.draw();
  }));
}

// Parts of ECharts options that all charts share.
const tooltip = (colours, formatter) => ({confine: true, backgroundColor: colours.card, borderColor: colours.line,
  textStyle: {color: colours.text, fontSize: 13}, formatter});
const axisStyle = (colours) => ({axisLabel: {color: colours.quiet}, nameTextStyle: {color: colours.quiet},
  axisLine: {lineStyle: {color: colours.line}}, splitLine: {lineStyle: {color: colours.line}}});
const legendStyle = (colours) => ({type: "scroll", top: 0, left: 0, right: 0, textStyle: {color: colours.text},
  pageTextStyle: {color: colours.quiet}, itemWidth: 14, itemHeight: 10});
const html = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");

// A custom series that draws the horizontal intervals of data items [y, low, high, offset in px], and a text behind.
function whiskers(data, colour, grid = 0, size = 4, textOf = null) {
  return {type: "custom", xAxisIndex: grid, yAxisIndex: grid, silent: true, z: 5, data, tooltip: {show: false},
    encode: {x: [1, 2], y: 0}, renderItem: (params, api) => {
      const offset = api.value(3) || 0;
      const low = api.coord([api.value(1), api.value(0)]);
      const high = api.coord([api.value(2), api.value(0)]);
      const line = (x1, y1, x2, y2) => ({type: "line", shape: {x1, y1, x2, y2}, style: {stroke: colour, lineWidth: 1.5}});
      const y = low[1] + offset;
      const bars = api.value(1) === api.value(2) ? [] : [line(low[0], y, high[0], y),
        line(low[0], y - size, low[0], y + size), line(high[0], y - size, high[0], y + size)];
      const text = textOf && {type: "text", style: {text: textOf(api.value(0)), x: high[0] + 6, y, fill: colour, fontSize: 11,
        verticalAlign: "middle"}};
      return {type: "group", children: text ? [...bars, text] : bars};
    }};
}
