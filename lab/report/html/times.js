// Run times: bars for each function, heat maps, engines, containers, tests, and the published figures.

const timeColumns = [
  {title: "function", left: true, value: (row) => row.function},
  {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)},
  {title: "median ms", value: (row) => row.median_ms, text: (row) => number(row.median_ms, 4)},
  {title: "low ms", value: (row) => row.interval_ms?.[0], text: (row) => number(row.interval_ms?.[0], 4)},
  {title: "high ms", value: (row) => row.interval_ms?.[1], text: (row) => number(row.interval_ms?.[1], 4)},
  {title: "mean ms", value: (row) => row.mean_ms, text: (row) => number(row.mean_ms, 4)},
  {title: "sd ms", value: (row) => row.stdev_ms, text: (row) => number(row.stdev_ms)},
  {title: "p95 ms", value: (row) => row.p95_ms, text: (row) => number(row.p95_ms, 4)},
  {title: "n", value: (row) => row.n},
  {title: "failed", value: (row) => row.failed, tone: (row) => (row.failed > 0 ? "bad" : undefined)},
];

const cellsOf = (environments, size) => report.functions.flatMap((fn) => names(environments).map((name) =>
  cell(fn, name, size))).filter((one) => one && one.median_ms !== null);

// Small multiples: one panel a function, each with an axis of its own, environments in one order.
function addBars(section, id, title, environments) {
  if (cellsOf(environments).length === 0) return;
  const panelHeight = 44 + environments.length * 19;
  const columnsAt = (width) => (width >= 1000 ? 3 : width >= 640 ? 2 : 1);
  const functions = report.functions.filter((fn) => names(environments).some((name) => cell(fn, name)?.median_ms != null));
  new Figure(section, {
    id, title, note: "Median of the whole command in ms with its 95 % interval; every function has its own axis from 0.",
    rows: () => cellsOf(environments), columns: timeColumns,
    height: ({width}) => 4 + Math.ceil(functions.length / columnsAt(width)) * panelHeight,
    chart: ({width, colours}) => {
      const order = names(environments).reverse();
      const columns = columnsAt(width);
      const panel = width / columns;
      const labelWidth = Math.min(170, panel * 0.46);
      const option = {title: [], grid: [], xAxis: [], yAxis: [], series: [],
        tooltip: tooltip(colours, ({data}) => (data.cell ? `<b>${html(data.cell.function)}</b><br>${html(label(data.cell.environment))}: ` +
          `${milliseconds(data.cell.median_ms)} ${interval(data.cell.interval_ms, milliseconds)}<br>n ${data.cell.n}` : ""))};
      functions.forEach((fn, index) => {
        const [x, y] = [(index % columns) * panel, Math.floor(index / columns) * panelHeight];
        const cells = order.map((name) => cell(fn, name));
        option.title.push({text: fn, left: x + 4, top: y, textStyle: {fontSize: 13, fontWeight: 600, color: colours.text}});
        option.grid.push({left: x + labelWidth, top: y + 22, width: panel - labelWidth - 58, height: panelHeight - 44});
        option.xAxis.push({type: "value", gridIndex: index, min: 0, ...axisStyle(colours), axisLabel: {show: false},
          splitLine: {show: false}, max: ({max}) => Math.max(max, ...cells.map((one) => one?.interval_ms?.[1] ?? 0))});
        option.yAxis.push({type: "category", gridIndex: index, data: order, axisTick: {show: false},
          axisLine: {lineStyle: {color: colours.line}}, axisLabel: {color: colours.quiet, fontSize: 11, width: labelWidth - 10,
            overflow: "truncate", formatter: label}});
        option.series.push({type: "bar", xAxisIndex: index, yAxisIndex: index, barCategoryGap: "22%",
          data: cells.map((one, i) => (one && one.median_ms !== null ? {value: one.median_ms, cell: one,
            itemStyle: {color: colourOf(order[i]), decal: decalOf(order[i])}} : {value: null}))});
        option.series.push(whiskers(cells.map((one, i) => one && one.median_ms !== null &&
          [i, ...(one.interval_ms ?? [one.median_ms, one.median_ms]), 0]).filter(Boolean), colours.text, index, 4,
        (row) => number(cells[row].median_ms)));
      });
      return option;
    },
  });
}

// A heat map of medians: the colour is the ratio to the fastest of the row.
function addHeatMap(section, id, title, environments, value = (one) => one.median_ms, what = "medians") {
  const rowsOf = () => cellsOf(environments).filter((one) => value(one) != null);
  const functions = report.functions.filter((fn) => rowsOf().some((row) => row.function === fn));
  const columns = environments.filter((e) => rowsOf().some((row) => row.environment === e.name));
  if (columns.length < 2) return;
  new Figure(section, {
    id, title, note: `In ms (${what}). The colour says how many times the fastest of its row it takes; its scale ends at 10 times.`,
    rows: rowsOf, columns: timeColumns,
    minWidth: () => 130 + columns.length * 62,
    height: () => 70 + functions.length * 28,
    chart: ({colours}) => {
      const order = [...functions].reverse();
      const scale = colours.dark ? ["#20303a", "#2d6a7a", "#c98a3c", "#d8574a"] : ["#edf6f4", "#a9d6d2", "#f2b45f", "#cf4b3e"];
      const data = rowsOf().map((row) => {
        const fastest = Math.min(...rowsOf().filter((other) => other.function === row.function).map(value));
        const times = Math.max(1, value(row) / fastest);
        return {value: [names(columns).indexOf(row.environment), order.indexOf(row.function), Math.min(1, Math.log10(times))],
          row, times, label: {color: colours.dark ? "#ffffff" : "#14181c"}};
      });
      return {
        grid: {left: 4, right: 8, top: 8, bottom: 6, containLabel: true},
        tooltip: tooltip(colours, ({data: {row, times}}) => `<b>${html(row.function)}</b><br>${html(label(row.environment))}: ` +
          `${milliseconds(value(row))}, ${fixed(times)} × the fastest<br>n ${row.n}`),
        visualMap: {show: false, min: 0, max: 1, dimension: 2, inRange: {color: scale}},
        xAxis: {type: "category", position: "top", data: names(columns), axisTick: {show: false}, axisLine: {show: false},
          axisLabel: {color: colours.quiet, interval: 0, formatter: (name) => label(name).replace(" · ", "\n").replace(" ", "\n"), fontSize: 11, lineHeight: 14}},
        yAxis: {type: "category", data: order, axisTick: {show: false}, axisLine: {show: false}, axisLabel: {color: colours.text}},
        series: [{type: "heatmap", data, itemStyle: {borderWidth: 2, borderColor: colours.card},
          label: {show: true, fontSize: 11, formatter: ({data: item}) => number(value(item.row))}}],
      };
    },
  });
}

function addTimes() {
  const section = addSection("times", "Times", "What a user waits for: the whole command, from its start to the removal " +
    "of the container. Medians; the interval is a bootstrap over the blocks of the measurement.");
  const compiled = report.environments.filter((e) => isNative(e) || isAot(e));
  const started = report.environments.filter(isJit);
  addBars(section, "bars-aot", "Compiled beforehand (AOT) and native", compiled);
  addBars(section, "bars-jit", "Compiled or interpreted at every start", started);
  addHeatMap(section, "heat-aot", "AOT and native, all functions", compiled);
  addHeatMap(section, "heat-jit", "JIT and interpreter, all functions", started);
  addFloor(section);
  new Figure(section, {id: "cells", title: "All cells", rows: () => cellsOf(report.environments), columns: timeColumns});
}

function addFloor(section) {
  const near = ["noop", "float-operation", "n-body", "prime-numbers", "whatlang"].filter((fn) => report.functions.includes(fn));
  if (near.length === 0) return;
  const rows = report.environments.map(({name}) => ({name, medians: near.map((fn) => cell(fn, name)?.median_ms)
    .filter((value) => value != null)})).filter((row) => row.medians.length === near.length);
  const value = (row) => row.medians.reduce((sum, v) => sum + v, 0) / row.medians.length;
  new Figure(section, {id: "floor", title: "Start-up floor", note: `Mean of the medians of ${near.join(", ")}, which do next to nothing.`,
    rows: () => rows, columns: [
      {title: "environment", left: true, value: (row) => row.name, text: (row) => label(row.name)},
      {title: "ms", value, text: (row) => number(value(row), 4)},
    ]});
}

const findTest = (family, fn, a, b) => report.tests.find((test) => test.family === family && test.function === fn &&
  ((test.a === a && test.b === b) || (test.a === b && test.b === a)));

// Two environments function by function: means, ratio, test.
function addDuel(section, id, title, family, first, second) {
  const rows = report.functions.map((fn) => ({fn, one: cell(fn, first.name), two: cell(fn, second.name),
    test: findTest(family, fn, first.name, second.name)})).filter((row) => row.one?.mean_ms != null && row.two?.mean_ms != null);
  if (rows.length === 0) return;
  const ratio = (row) => row.two.mean_ms / row.one.mean_ms;
  const delta = (row) => (row.test ? (row.test.a === first.name ? -row.test.delta : row.test.delta) : null);
  new Figure(section, {id, title, note: `Means as the paper gives them; delta is Cliff's: 1 when every run of ${label(second.name)} is slower.`,
    rows: () => rows, columns: [
      {title: "function", left: true, value: (row) => row.fn},
      {title: `${label(first.name)} ms`, value: (row) => row.one.mean_ms, text: (row) => number(row.one.mean_ms, 4)},
      {title: `${label(second.name)} ms`, value: (row) => row.two.mean_ms, text: (row) => number(row.two.mean_ms, 4)},
      {title: "ratio", value: ratio, text: (row) => fixed(ratio(row))},
      {title: "ratio of medians", value: (row) => row.two.median_ms / row.one.median_ms, text: (row) => fixed(row.two.median_ms / row.one.median_ms)},
      {title: "p", value: (row) => row.test?.p, text: (row) => pValue(row.test?.p)},
      {title: "p, Holm", value: (row) => row.test?.holm, text: (row) => pValue(row.test?.holm)},
      {title: "delta", value: delta, text: (row) => fixed(delta(row))},
    ]});
}

function addEngines() {
  const section = addSection("engines", "Engines", "Each engine's compiled code from the cache (AOT) against compiling or " +
    "interpreting at every start.");
  let any = false;
  for (const aot of report.environments.filter(isAot)) {
    for (const other of report.environments.filter((e) => isJit(e) && e.engine === aot.engine && e.runtime === aot.runtime)) {
      any = true;
      const id = `${aot.name}-${other.name}`;
      addDuel(section, `duel-${id}`, `${label(aot.name)} against ${label(other.name)}`, "strategies", aot, other);
      addHeatMap(section, `heat-${id}`, `${label(aot.name)} and ${label(other.name)}`, [aot, other], (one) => one.mean_ms, "means");
    }
  }
  if (!any) addMissing(section, "No engine was measured in two strategies.");
}

function addContainers() {
  const containers = report.environments.filter((e) => isNative(e) && e.runtime === "runc");
  const section = addSection("containers", "Containers", "The same native program in different images.");
  const [small, large] = ["distroless", "debian"].map((image) => containers.find((e) => e.image === image));
  if (!small || !large) {
    addMissing(section, "There are no native programs in distroless and Debian images in these results.");
    return;
  }
  addDuel(section, "duel-containers", "Distroless against Debian", "containers", small, large);
  addHeatMap(section, "heat-containers", "Native programs in containers", containers, (one) => one.mean_ms, "means");
}

function addSizes() {
  const section = addSection("sizes", "Image sizes", "What has to be stored and pulled.");
  const measured = report.images.filter((image) => image.compressed_bytes !== null)
    .map((image) => ({...image, kb: image.compressed_bytes / 1000, published: false}));
  const published = report.published.sizes.map((size) => ({function: size.function, environment: size.environment,
    kb: size.size_kb, published: true}));
  const sides = [["sizes-here", "Image sizes, measured here", measured], ["sizes-published", "Image sizes, published", published]];
  if (measured.length === 0) addMissing(section, "These results have no images.csv, so only the published sizes are shown.");
  for (const [id, title, items] of sides.filter(([, , list]) => list.length > 0)) {
    const environments = [...new Set(items.map((item) => item.environment))];
    const functions = [...new Set(items.map((item) => item.function))];
    const at = (fn, environment) => items.find((item) => item.function === fn && item.environment === environment)?.kb;
    const symbols = ["circle", "rect", "triangle", "diamond", "roundRect", "pin"];
    const sizeText = (kb) => (kb >= 1000 ? `${number(kb / 1000)} MB` : `${number(kb)} KB`);
    new Figure(section, {id, title, note: "Compressed, logarithmic axis.", rows: () => items, columns: [
      {title: "function", left: true, value: (row) => row.function},
      {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)},
      {title: "compressed KB", value: (row) => row.kb, text: (row) => number(row.kb, 4)},
      ...(id === "sizes-here" ? [
        {title: "unpacked KB", value: (row) => row.unpacked_bytes && row.unpacked_bytes / 1000, text: (row) => number(row.unpacked_bytes && row.unpacked_bytes / 1000, 4)},
        {title: "module KB", value: (row) => row.module_bytes && row.module_bytes / 1000, text: (row) => number(row.module_bytes && row.module_bytes / 1000, 4)},
        {title: "pull ms", value: (row) => row.pull_ms, text: (row) => number(row.pull_ms)},
        {title: "unpack ms", value: (row) => row.unpack_ms, text: (row) => number(row.unpack_ms)},
      ] : []),
    ],
    height: () => 90 + functions.length * 24,
    chart: ({colours}) => ({
      legend: {...legendStyle(colours)},
      grid: {left: 4, right: 20, top: 36, bottom: 20, containLabel: true},
      tooltip: tooltip(colours, ({seriesName, data}) => `<b>${html(data.fn)}</b><br>${html(seriesName)}: ${sizeText(data.value[0])}`),
      xAxis: {type: "log", ...axisStyle(colours), axisLabel: {color: colours.quiet, formatter: sizeText}},
      yAxis: {type: "category", data: [...functions].reverse(), ...axisStyle(colours), axisTick: {show: false}, splitLine: {show: true, lineStyle: {color: colours.line, type: "dotted"}}},
      series: environments.map((name, index) => ({type: "scatter", name: publishedLabel(name), symbol: symbols[index % symbols.length], symbolSize: 10,
        itemStyle: {color: publishedColour(name), opacity: 0.9},
        data: functions.filter((fn) => at(fn, name)).map((fn) => ({value: [at(fn, name), functions.length - 1 - functions.indexOf(fn)], fn}))})),
    })});
  }
}

// Published environments have names of their own: "crun-wasmtime-aot", "runc-debian".
function publishedLabel(name) {
  if (environmentOf.has(name)) return label(name);
  const [runtime, ...rest] = name.split("-");
  return `${runtime} · ${rest.map(say).join(" ")}`;
}
function publishedColour(name) {
  if (environmentOf.has(name)) return colourOf(name);
  const engine = Object.keys(hues).find((hue) => name.includes(hue));
  const base = engine ? hues[engine] : containerColours[name.split("-")[1]] ?? others[1];
  return name.endsWith("jit") || name.endsWith("interpreter") ? mix(base, isDark() ? "#191c1f" : "#ffffff", 0.45) : base;
}

function addTests() {
  const section = addSection("tests", "Tests", "Do two environments differ at all? Kruskal–Wallis on each pair, corrected for ties; " +
    "Holm's correction over all tests of this page; Cliff's delta says by how much.");
  const open = report.tests.filter((test) => test.p >= report.alpha);
  const openHolm = report.tests.filter((test) => test.holm >= report.alpha);
  section.append(element("p", {}, `${report.tests.length} tests. At ${report.alpha}, ${open.length} show no difference; with Holm's ` +
    `correction ${openHolm.length}.`));
  const aot = report.environments.filter((e) => report.tests.some((test) => test.family === "aot" && (test.a === e.name || test.b === e.name)));
  if (aot.length > 1) addMatrix(section, aot);
  const families = {aot: "all pairs of AOT and native", jit: "all pairs of JIT and interpreter", strategies: "AOT against JIT of an engine",
    containers: "images of a container"};
  new Figure(section, {id: "tests-table", title: "Pairwise tests",
    choices: {
      family: {label: "Family of tests", options: [{value: "", label: "all families"}, ...Object.entries(families)
        .filter(([family]) => report.tests.some((test) => test.family === family)).map(([value, text]) => ({value, label: text}))]},
      which: {label: "Which tests", options: [{value: "open", label: "no difference (Holm)", selected: openHolm.length > 0}, {value: "all", label: "all tests", selected: openHolm.length === 0}]},
    },
    rows: (choice) => report.tests.filter((test) => (!choice.family || test.family === choice.family) &&
      (choice.which === "all" || test.holm >= report.alpha)),
    columns: [
      {title: "function", left: true, value: (row) => row.function},
      {title: "first", left: true, value: (row) => row.a, text: (row) => label(row.a)},
      {title: "second", left: true, value: (row) => row.b, text: (row) => label(row.b)},
      {title: "H", value: (row) => row.h, text: (row) => fixed(row.h, 1)},
      {title: "p", value: (row) => row.p, text: (row) => pValue(row.p)},
      {title: "p, Holm", value: (row) => row.holm, text: (row) => pValue(row.holm)},
      {title: "delta", value: (row) => row.delta, text: (row) => fixed(row.delta)},
      {title: "ratio of medians", value: (row) => row.ratio?.ratio, text: (row) => ratioText(row.ratio)},
      {title: "family", left: true, value: (row) => row.family},
    ]});
}

// In how many functions is the row's environment faster than the column's, by Holm-corrected tests?
function addMatrix(section, environments) {
  const wins = (a, b) => report.tests.filter((test) => test.family === "aot" && test.holm < report.alpha &&
    ((test.a === a && test.b === b && test.delta < 0) || (test.a === b && test.b === a && test.delta > 0))).length;
  const tested = (a, b) => report.tests.filter((test) => test.family === "aot" && ((test.a === a && test.b === b) || (test.a === b && test.b === a))).length;
  const rows = environments.flatMap((a) => environments.filter((b) => b !== a).map((b) => ({a: a.name, b: b.name,
    wins: wins(a.name, b.name), tested: tested(a.name, b.name)})));
  new Figure(section, {id: "matrix", title: "Who is faster than whom, and in how many functions",
    note: "Row faster than column, by tests with Holm's correction.", rows: () => rows, columns: [
      {title: "faster", left: true, value: (row) => row.a, text: (row) => label(row.a)},
      {title: "than", left: true, value: (row) => row.b, text: (row) => label(row.b)},
      {title: "functions", value: (row) => row.wins},
      {title: "tested", value: (row) => row.tested},
    ],
    minWidth: () => 150 + environments.length * 62, height: () => 70 + environments.length * 30,
    chart: ({colours}) => {
      const order = names(environments);
      return {
        grid: {left: 4, right: 8, top: 8, bottom: 6, containLabel: true},
        tooltip: tooltip(colours, ({data: {row}}) => `${html(label(row.a))} is faster than<br>${html(label(row.b))}<br>on ${row.wins} of ${row.tested}`),
        visualMap: {show: false, min: 0, max: 1, dimension: 2, inRange: {color: [colours.card, colours.dark ? "#1f7a5a" : "#8fd3b6"]}},
        xAxis: {type: "category", position: "top", data: order, axisTick: {show: false}, axisLine: {show: false},
          axisLabel: {color: colours.quiet, interval: 0, fontSize: 11, lineHeight: 14, formatter: (name) => label(name).replace(" · ", "\n").replace(" ", "\n")}},
        yAxis: {type: "category", data: order, inverse: true, axisTick: {show: false}, axisLine: {show: false}, axisLabel: {color: colours.text, formatter: label, fontSize: 11}},
        series: [{type: "heatmap", itemStyle: {borderWidth: 2, borderColor: colours.line}, label: {show: true, color: colours.text, formatter: ({data}) => `${data.row.wins}/${data.row.tested}`},
          data: rows.filter((row) => row.tested > 0).map((row) => ({row, value: [order.indexOf(row.b), order.indexOf(row.a), row.wins / row.tested]}))}],
      };
    }});
}

function addPublished() {
  const section = addSection("published", "Published", "The paper's medians (Kjorveziroski and Filiposka, 2023) beside those here. " +
    "Machines differ, so the second figure compares what does not depend on them: each AOT engine over distroless, then and now.");
  const then = new Map(report.published.cells.map((one) => [`${one.function}\n${one.environment}`, one]));
  const rows = report.cells.filter((one) => one.size === mainSize && one.median_ms !== null).map((one) => {
    const old = then.get(`${one.function}\n${environmentOf.get(one.environment)?.published}`);
    return old && {function: one.function, environment: one.environment, published: old.environment, then: old.median_ms, now: one.median_ms, n: one.n};
  }).filter(Boolean);
  if (rows.length === 0) {
    addMissing(section, "None of the cells measured here has a published counterpart.");
    return;
  }
  const environments = report.environments.filter((e) => rows.some((row) => row.environment === e.name));
  const functions = report.functions.filter((fn) => rows.some((row) => row.function === fn));
  const columns = [
    {title: "function", left: true, value: (row) => row.function},
    {title: "here", left: true, value: (row) => row.environment, text: (row) => label(row.environment)},
    {title: "published", left: true, value: (row) => row.published, text: (row) => publishedLabel(row.published)},
  ];
  const dots = (id, title, note, items, extra, value, pairs) => new Figure(section, {id, title, note, rows: () => items, columns: [...columns, ...extra],
    height: () => 70 + functions.length * 30,
    chart: ({colours}) => {
      const order = [...functions].reverse();
      const shift = (index) => (index - (environments.length - 1) / 2) * Math.min(6, 20 / environments.length);
      const used = environments.filter((e) => items.some((row) => row.environment === e.name));
      return {
        legend: {...legendStyle(colours)},
        grid: {left: 4, right: 20, top: 36, bottom: 20, containLabel: true},
        tooltip: tooltip(colours, ({data: {row, text}}) => `<b>${html(row.function)}</b><br>${html(label(row.environment))}<br>${text}`),
        xAxis: {type: "log", ...axisStyle(colours)},
        yAxis: {type: "category", data: order, ...axisStyle(colours), axisTick: {show: false}, splitLine: {show: true, lineStyle: {color: colours.line, type: "dotted"}}},
        series: used.flatMap((environment, index) => {
          const mine = items.filter((row) => row.environment === environment.name);
          const point = (row, v, text) => ({value: [v, order.indexOf(row.function)], row, text});
          const base = {type: "scatter", name: label(environment.name), symbolOffset: [0, shift(index)], symbolSize: 9};
          const filled = {...base, itemStyle: {color: colourOf(environment.name), borderColor: colours.text, borderWidth: 0.5},
            data: mine.map((row) => point(row, value(row), pairs ? `here ${fixed(row.ratioNow)}, published ${fixed(row.ratioThen)}` :
              `published ${milliseconds(row.then)}, here ${milliseconds(row.now)}: ${number(row.now / row.then)} ×`))};
          const line = index === 0 ? {markLine: {silent: true, symbol: "none", label: {show: false}, lineStyle: {color: colours.text, type: "solid"}, data: [{xAxis: 1}]}} : {};
          return pairs ? [{...filled, ...line}, {...base, itemStyle: {color: colours.card, borderColor: colourOf(environment.name), borderWidth: 2},
            data: mine.map((row) => point(row, row.ratioThen, `published ${fixed(row.ratioThen)}, here ${fixed(row.ratioNow)}`))}] : [{...filled, ...line}];
        }),
      };
    }});
  dots("published-ratio", "Here over published", "Ratio of medians, logarithmic axis; left of 1 is faster than published.", rows, [
    {title: "published ms", value: (row) => row.then, text: (row) => number(row.then, 4)},
    {title: "here ms", value: (row) => row.now, text: (row) => number(row.now, 4)},
    {title: "here / published", value: (row) => row.now / row.then, text: (row) => number(row.now / row.then)},
    {title: "n here", value: (row) => row.n},
  ], (row) => row.now / row.then, false);
  const distroless = report.environments.find((e) => e.published === "runc-distroless");
  const relative = rows.filter((row) => distroless && isAot(environmentOf.get(row.environment)) && cell(row.function, distroless.name)?.median_ms)
    .map((row) => ({...row, ratioThen: row.then / then.get(`${row.function}\nrunc-distroless`).median_ms, ratioNow: row.now / cell(row.function, distroless.name).median_ms}));
  if (relative.length > 0) {
    dots("published-relative", "AOT over runc and distroless: published and here", "Hollow: published. Filled: here. Left of 1, Wasm is faster than the container.", relative, [
      {title: "published ratio", value: (row) => row.ratioThen, text: (row) => fixed(row.ratioThen)},
      {title: "ratio here", value: (row) => row.ratioNow, text: (row) => fixed(row.ratioNow)},
    ], (row) => row.ratioNow, true);
  }
}
