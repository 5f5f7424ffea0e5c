// Where the time goes, what it costs, how it grows; how sound the runs are; and what was measured with what.

const resourceTitles = {peak_memory_kib: "peak memory", pss_kib: "PSS", cpu_us: "CPU time", read_bytes: "bytes read"};
const resourceText = {peak_memory_kib: (v) => `${number(v / 1024)} MiB`, pss_kib: (v) => `${number(v / 1024)} MiB`,
  cpu_us: (v) => milliseconds(v / 1000), read_bytes: (v) => `${number(v / 1e6)} MB`};
const functionChoice = (functions) => ({label: "Function", options: functions.map((fn) => ({value: fn, label: fn}))});

function addPhases() {
  const section = addSection("phases", "Phases", "Where the time of a run goes: medians of the phases that the runtime's own clock " +
    "and containerd's events give, in their order.");
  const cells = report.cells.filter((one) => one.size === mainSize && Object.keys(one.phases_ms).length > 0);
  if (cells.length === 0) {
    addMissing(section, "These results have no phases: samples.csv has no phase_… columns, or they are empty.");
    return;
  }
  const phases = report.phases.filter((phase) => cells.some((one) => phase in one.phases_ms));
  const colours = ["#4c78a8", "#72a5d8", "#9ecae9", "#54a24b", "#e8b03a", "#f28e2b", "#d6616b", "#b279a2", "#9c755f"];
  const functions = report.functions.filter((fn) => cells.some((one) => one.function === fn));
  const rest = (one) => Math.max(0, one.median_ms - phases.reduce((sum, phase) => sum + (one.phases_ms[phase] ?? 0), 0));
  new Figure(section, {id: "phases-waterfall", title: "Phases of a run", note: "Medians in ms; “rest” is what the median of the whole has beyond the sum of its phases.",
    choices: {fn: functionChoice(functions)},
    rows: (choice) => names(report.environments).map((name) => cell(choice.fn, name)).filter((one) => one && cells.includes(one)),
    columns: [{title: "function", left: true, value: (row) => row.function},
      {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)},
      ...phases.map((phase) => ({title: `${phase} ms`, value: (row) => row.phases_ms[phase], text: (row) => number(row.phases_ms[phase])})),
      {title: "rest ms", value: rest, text: (row) => number(rest(row))},
      {title: "whole ms", value: (row) => row.median_ms, text: (row) => number(row.median_ms, 4)}, {title: "n", value: (row) => row.n}],
    height: ({rows}) => 100 + rows.length * 30,
    chart: ({rows, colours: theme, width}) => ({
      legend: legendStyle(theme), grid: {left: 4, right: 30, top: 40, bottom: 30, containLabel: true},
      tooltip: tooltip(theme, ({seriesName, data}) => `<b>${html(label(data.row.environment))}</b><br>${seriesName}: ${milliseconds(data.value)} of ${milliseconds(data.row.median_ms)}`),
      xAxis: {type: "value", name: "ms", nameLocation: "middle", nameGap: 24, ...axisStyle(theme)},
      yAxis: {type: "category", inverse: true, data: rows.map((row) => row.environment), axisTick: {show: false}, axisLine: {lineStyle: {color: theme.line}},
        axisLabel: {color: theme.text, formatter: label, width: Math.min(180, width * 0.35), overflow: "truncate"}},
      series: [...phases, "rest"].map((phase, index) => ({type: "bar", stack: "run", name: phase, barMaxWidth: 20,
        itemStyle: {color: phase === "rest" ? theme.line : colours[report.phases.indexOf(phase) % colours.length], borderColor: theme.card, borderWidth: 1},
        data: rows.map((row) => ({row, value: phase === "rest" ? rest(row) : row.phases_ms[phase] ?? 0})), z: index})),
    })});
}

function addResources() {
  const section = addSection("resources", "Memory and CPU", "What a run needs beside time; medians.");
  const kinds = Object.keys(resourceTitles).filter((kind) => report.cells.some((one) => kind in one.resources));
  if (kinds.length === 0) {
    addMissing(section, "These results have no memory, CPU or read figures: samples.csv does not have those columns.");
    return;
  }
  for (const kind of kinds) {
    const cells = report.cells.filter((one) => one.size === mainSize && kind in one.resources);
    const functions = report.functions.filter((fn) => cells.some((one) => one.function === fn));
    new Figure(section, {id: `resource-${kind}`, title: resourceTitles[kind][0].toUpperCase() + resourceTitles[kind].slice(1), choices: {fn: functionChoice(functions)},
      rows: (choice) => names(report.environments).map((name) => cell(choice.fn, name)).filter((one) => one && cells.includes(one)),
      columns: [{title: "function", left: true, value: (row) => row.function},
        {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)},
        {title: kind, value: (row) => row.resources[kind], text: (row) => resourceText[kind](row.resources[kind])}, {title: "n", value: (row) => row.n}],
      height: ({rows}) => 50 + rows.length * 24,
      chart: ({rows, colours, width}) => ({grid: {left: 4, right: 80, top: 8, bottom: 8, containLabel: true},
        tooltip: tooltip(colours, ({data}) => `${html(label(data.row.environment))}: ${resourceText[kind](data.value)}`),
        xAxis: {type: "value", ...axisStyle(colours), axisLabel: {show: false}, splitLine: {show: false}},
        yAxis: {type: "category", inverse: true, data: rows.map((row) => row.environment), axisTick: {show: false}, axisLine: {lineStyle: {color: colours.line}},
          axisLabel: {color: colours.text, formatter: label, width: Math.min(180, width * 0.35), overflow: "truncate"}},
        series: [{type: "bar", barMaxWidth: 16, label: {show: true, position: "right", color: colours.text, fontSize: 11, formatter: ({data}) => resourceText[kind](data.value)},
          data: rows.map((row) => ({row, value: row.resources[kind], itemStyle: {color: colourOf(row.environment), decal: decalOf(row.environment)}}))}]})});
  }
}

// Lines over a logarithmic or linear axis, one an environment: points {environment, x, y}.
function lines(section, spec, points) {
  const environments = (rows) => [...new Set(rows.map((row) => row.environment))];
  const symbols = ["circle", "rect", "triangle", "diamond"];
  new Figure(section, {...spec, height: () => 380, chart: ({colours, choice}) => {
    const shown = points(choice);
    return {legend: legendStyle(colours), grid: {left: 10, right: 24, top: 62, bottom: 40, containLabel: true},
      tooltip: tooltip(colours, ({data}) => data.text),
      xAxis: {type: spec.xType ?? "log", name: spec.xName, nameLocation: "middle", nameGap: 28, ...axisStyle(colours)},
      yAxis: {type: spec.yType ?? "value", name: spec.yName, ...axisStyle(colours), nameTextStyle: {color: colours.quiet, align: "left"}},
      series: environments(shown).map((name, index) => ({type: "line", name: label(name), symbol: symbols[index % 4], symbolSize: 8,
        lineStyle: {color: colourOf(name), width: 2, type: isJit(environmentOf.get(name) ?? {engine: ""}) ? "dashed" : "solid"}, itemStyle: {color: colourOf(name)},
        data: shown.filter((point) => point.environment === name).map((point) => ({value: [point.x, point.y], text: point.text}))}))};
  }});
}

function addScaling() {
  const section = addSection("scaling", "Scaling", "The same functions with ten and a hundred times the work: where does start-up stop to matter, and native overtake?");
  const factor = (size) => (size === "parity" ? 1 : Number(size.replace(/^x/, "")) || null);
  const sizes = report.sizes.filter((size) => factor(size) !== null).sort((a, b) => factor(a) - factor(b));
  if (sizes.length < 2) {
    addMissing(section, "These results have one size of work only.");
    return;
  }
  const cells = report.cells.filter((one) => sizes.includes(one.size) && one.median_ms !== null);
  const functions = report.functions.filter((fn) => cells.some((one) => one.function === fn && factor(one.size) > 1));
  lines(section, {id: "scaling-curves", title: "Time over work", note: "Median of the whole command, both axes logarithmic.", choices: {fn: functionChoice(functions)},
    xName: "work, times the paper's", yName: "ms", yType: "log", rows: (choice) => cells.filter((one) => one.function === choice.fn),
    columns: [{title: "function", left: true, value: (row) => row.function}, {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)},
      {title: "work", value: (row) => factor(row.size)}, {title: "median ms", value: (row) => row.median_ms, text: (row) => number(row.median_ms, 4)},
      {title: "low ms", value: (row) => row.interval_ms?.[0], text: (row) => number(row.interval_ms?.[0], 4)}, {title: "high ms", value: (row) => row.interval_ms?.[1], text: (row) => number(row.interval_ms?.[1], 4)}, {title: "n", value: (row) => row.n}]},
  (choice) => cells.filter((one) => one.function === choice.fn).sort((a, b) => factor(a.size) - factor(b.size)).map((one) => ({environment: one.environment, x: factor(one.size), y: one.median_ms,
    text: `${html(label(one.environment))}<br>× ${factor(one.size)}: ${milliseconds(one.median_ms)} ${interval(one.interval_ms, milliseconds)}, n ${one.n}`})));
  const subject = subjectOf();
  if (!subject) return;
  const rows = functions.flatMap((fn) => report.baselines.filter((name) => name !== subject.name).map((baseline) => ({fn, baseline,
    ratios: sizes.map((size) => cell(fn, subject.name, size)?.over[baseline])}))).filter((row) => row.ratios.some(Boolean));
  const overtakes = (row) => sizes[row.ratios.findIndex((ratio) => verdict(ratio) === "slower")];
  new Figure(section, {id: "overtaking", title: `Where others overtake ${label(subject.name)}`, note: "Ratio of medians at each size; above 1 the other is faster.", rows: () => rows, columns: [
    {title: "function", left: true, value: (row) => row.fn}, {title: "compared with", left: true, value: (row) => row.baseline, text: (row) => label(row.baseline)},
    ...sizes.map((size, index) => ({title: `× ${factor(size)}`, value: (row) => row.ratios[index]?.ratio, text: (row) => ratioText(row.ratios[index]),
      tone: (row) => ({faster: "good", slower: "bad"})[verdict(row.ratios[index])]})),
    {title: "overtaken at", left: true, value: (row) => overtakes(row) ?? "not up to here", text: (row) => (overtakes(row) ? `× ${factor(overtakes(row))}` : "not up to here")}]});
}

function addDensity() {
  const section = addSection("density", "Density", "Containers that are held at once, and what each of them takes.");
  if (report.density.length === 0) {
    addMissing(section, "Density was not measured: there is no density.csv in these results.");
    return;
  }
  const columns = [{title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)}, {title: "containers", value: (row) => row.containers},
    {title: "PSS per container KiB", value: (row) => row.pss_per_container_kib, text: (row) => number(row.pss_per_container_kib, 4)},
    {title: "memory used MiB", value: (row) => row.memory_used_kib && row.memory_used_kib / 1024, text: (row) => number(row.memory_used_kib && row.memory_used_kib / 1024, 4)},
    {title: "start ms", value: (row) => row.start_ms, text: (row) => number(row.start_ms)}, {title: "ended by", left: true, value: (row) => row.end_reason}];
  const figure = (id, title, yName, value) => {
    const rows = report.density.filter((step) => value(step) !== null && step.containers > 0);
    if (rows.length > 0) {
      lines(section, {id, title, rows: () => rows, columns, xName: "containers held", yName}, () => rows.map((step) => ({environment: step.environment, x: step.containers, y: value(step),
        text: `${html(label(step.environment))}<br>${step.containers} containers: ${number(value(step), 4)} ${yName}${step.end_reason ? `<br>ended: ${html(step.end_reason)}` : ""}`})));
    }
  };
  figure("density-pss", "Memory of each container", "KiB PSS", (step) => step.pss_per_container_kib);
  figure("density-used", "Memory of all", "MiB", (step) => (step.memory_used_kib === null ? null : step.memory_used_kib / 1024));
  figure("density-start", "Time to start one more", "ms", (step) => step.start_ms);
}

function addThroughput() {
  const section = addSection("throughput", "Throughput", "Containers started and finished each second, with so many at a time.");
  if (report.throughput.length === 0) {
    addMissing(section, "Throughput was not measured: there is no throughput.csv in these results.");
    return;
  }
  const groups = new Map();
  for (const run of report.throughput) {
    const key = `${run.environment}\n${run.concurrency}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const rows = [...groups.values()].map((runs) => ({environment: runs[0].environment, concurrency: runs[0].concurrency, repeats: runs.length, rate: median(runs.map((run) => run.per_second)),
    low: Math.min(...runs.map((run) => run.per_second)), high: Math.max(...runs.map((run) => run.per_second)), failed: runs.reduce((sum, run) => sum + run.failed, 0)}))
    .sort((a, b) => a.concurrency - b.concurrency);
  lines(section, {id: "throughput-curves", title: "Containers a second over concurrency", note: "Median of the repeats; logarithmic axis of concurrency.", rows: () => rows, xName: "at a time", yName: "containers/s", columns: [
    {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)}, {title: "at a time", value: (row) => row.concurrency},
    {title: "containers/s", value: (row) => row.rate, text: (row) => number(row.rate)}, {title: "lowest", value: (row) => row.low, text: (row) => number(row.low)},
    {title: "highest", value: (row) => row.high, text: (row) => number(row.high)}, {title: "repeats", value: (row) => row.repeats}, {title: "failed", value: (row) => row.failed}]},
  () => rows.map((row) => ({environment: row.environment, x: row.concurrency, y: row.rate,
    text: `${html(label(row.environment))}<br>${row.concurrency} at a time: ${number(row.rate)}/s [${number(row.low)}, ${number(row.high)}], ${row.repeats} repeats`})));
}

function addQuality() {
  const section = addSection("quality", "Soundness", "Whether the runs of a cell are one group and stayed it. Several modes: a median between them is no time that occurred. " +
    "Drift: later runs depend on earlier ones; intervals are then too narrow.");
  const flagged = report.cells.filter((one) => one.modes.length > 1 || one.drift.flagged);
  section.append(element("p", {}, flagged.length === 0 ? "No cell shows several modes or drift." :
    `${flagged.filter((one) => one.modes.length > 1).length} of ${report.cells.length} cells have several modes, ${flagged.filter((one) => one.drift.flagged).length} drift.`));
  if (flagged.length > 0) {
    const modes = (row) => row.modes.map((mode) => `${milliseconds(mode.median_ms)} (${Math.round(mode.share * 100)} %)`).join(", ");
    new Figure(section, {id: "flagged", title: "Cells with several modes or drift", rows: () => flagged, columns: [
      {title: "function", left: true, value: (row) => row.function}, {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)},
      {title: "size", left: true, value: (row) => row.size || "–"}, {title: "modes", left: true, value: modes},
      {title: "autocorrelation", value: (row) => row.drift.autocorrelation, text: (row) => fixed(row.drift.autocorrelation)},
      {title: "second half, delta", value: (row) => row.drift.halves_delta, text: (row) => fixed(row.drift.halves_delta)},
      {title: "drift", left: true, value: (row) => (row.drift.flagged ? "yes" : "no")}, {title: "n", value: (row) => row.n}]});
  }
  const functions = report.functions.filter((fn) => report.cells.some((one) => one.function === fn && one.n > 0));
  const shown = (choice) => report.environments.map((e) => cell(choice.fn, e.name)).filter((one) => one && one.n > 0);
  new Figure(section, {id: "runs", title: "Every run, in the order of measuring", note: "The raw rows are in samples.csv.", choices: {fn: functionChoice(functions)},
    rows: (choice) => shown(choice).flatMap((one) => one.times_ms.map((time, index) => ({environment: one.environment, index: index + 1, time}))), columns: [
      {title: "environment", left: true, value: (row) => row.environment, text: (row) => label(row.environment)}, {title: "run", value: (row) => row.index}, {title: "ms", value: (row) => row.time, text: (row) => number(row.time, 4)}],
    height: () => 380, chart: ({colours, choice}) => ({legend: legendStyle(colours), grid: {left: 10, right: 20, top: 62, bottom: 36, containLabel: true},
      tooltip: tooltip(colours, ({seriesName, value}) => `${html(seriesName)}<br>run ${value[0]}: ${milliseconds(value[1])}`),
      xAxis: {type: "value", name: "run", nameLocation: "middle", nameGap: 24, min: 0, ...axisStyle(colours)}, yAxis: {type: "log", name: "ms", ...axisStyle(colours)},
      series: shown(choice).map((one) => ({type: "scatter", name: label(one.environment), symbolSize: 5, itemStyle: {color: colourOf(one.environment)}, data: one.times_ms.map((time, index) => [index + 1, time])}))})});
}

function addProvenance() {
  const section = addSection("provenance", "Provenance", "What was measured, on what, with what.");
  const pair = (title, rows) => rows.length > 0 && new Figure(section, {id: `about-${title.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`, title, rows: () => rows, columns: [
    {title: "what", left: true, value: (row) => row[0]}, {title: "value", left: true, wrap: true, value: (row) => row[1]}]});
  const text = (value) => (value === null || value === undefined ? "unknown" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const sessions = report.machine?.sessions ?? [];
  if (sessions.length === 0) addMissing(section, "There is no machine.json: machine and versions are not on record.");
  sessions.forEach((session, index) => {
    const which = sessions.length > 1 ? ` of session ${index + 1}` : "";
    pair(`Machine${which}`, [["started", text(session.started)], ["ended", text(session.ended)], ["command", (session.command_line ?? []).join(" ")],
      ["mayfly-lab", text(session.lab_version)], ["revision", text(session.git_revision)], ...Object.entries(session.host ?? {}).map(([name, value]) => [name.replaceAll("_", " "), text(value)])]);
    pair(`Programs${which}`, Object.entries(session.programs ?? {}).map(([name, program]) => [name, [program?.version, program?.path, program?.sha256 && `sha256 ${program.sha256}`].filter(Boolean).join(" · ")]));
    pair(`Files and images${which}`, [...Object.entries(session.files ?? {}).map(([name, digest]) => [name, `sha256 ${digest}`]), ...Object.entries(session.images ?? {})]);
  });
  if (report.plan) {
    const {cells, ...settings} = report.plan;
    pair("Plan", Object.entries(settings).map(([name, value]) => [name.replaceAll("_", " "), text(value)]));
    pair("Commands", cells.map((one) => [`${one.function}, ${one.environment}`, one.argv.join(" ")]));
  } else {
    addMissing(section, "There is no plan.json: how the runs were planned is not on record.");
  }
  pair("Methods", [
    ["interval of a median", "percentile bootstrap over blocks, 10,000 resamples, 95 %; at least 6 blocks"],
    ["ratio", "of medians; both medians of a resample come from the same blocks, so that a shared drift cancels"],
    ["faster, slower", "only where the whole interval of the ratio is on one side of 1"],
    ["tests", "Kruskal–Wallis with correction for ties, chi-squared tail; Holm's correction over all tests of this page"],
    ["delta", "Cliff's delta: P(first > second) − P(first < second) over all pairs of runs"],
    ["modes", "split of least variance within, and a valley between in a kernel density; a tenth of the runs at least"],
    ["drift", "autocorrelation at lag 1 above 3 standard errors, or the halves differ with |delta| ≥ 0.33 and p < 0.01"],
    ["left out", "warm-up runs and failed runs; failed ones are counted"],
  ]);
}
